"""The fields that the stand-in knows by itself: all of the entities that Intuit's schema file leaves out, and of the
others the few that a bookkeeping client writes. Types are named as in that file: `qbo-fields.json`.
"""

from __future__ import annotations

from vendors.quickbooks.wire import Json


def _fields(listed: str) -> Json:
    """`name:type name:type[]` as the schema file writes it."""
    found: Json = {}
    for one in listed.split():
        name, _, kind = one.partition(":")
        found[name] = {"array": kind.endswith("[]"), "type": kind.removesuffix("[]") or "string"}
    return found


def _entity(listed: str) -> Json:
    common = "Id:id SyncToken MetaData:ModificationMetaData"
    return {"attributes": ["domain", "status", "sparse"], "fields": _fields(f"{common} {listed}")}


def _part(listed: str) -> Json:
    return {"attributes": [], "fields": _fields(listed)}


_NAMED = "Name Active:boolean FullyQualifiedName ParentRef:ReferenceType"
_TXN = "TxnDate:date PrivateNote CurrencyRef:ReferenceType ExchangeRate:decimal Line:Line[] TotalAmt:decimal"
_FORM = (
    f"{_TXN} DocNumber CustomerRef:ReferenceType CustomerMemo:MemoRef DepartmentRef:ReferenceType "
    "ClassRef:ReferenceType TxnTaxDetail:TxnTaxDetail GlobalTaxCalculation:GlobalTaxCalculationEnum Balance:decimal "
    "HomeBalance:decimal HomeTotalAmt:decimal LinkedTxn:LinkedTxn[] PaymentMethodRef:ReferenceType PaymentRefNum "
    "PaymentType:PaymentTypeEnum DepositToAccountRef:ReferenceType PrintStatus:PrintStatusEnum "
    "EmailStatus:EmailStatusEnum BillEmail:EmailAddress DueDate:date ApplyTaxAfterDiscount:boolean "
    "AutoDocNumber:boolean"
)

# Not in the schema file: they always come from here.
ALWAYS: Json = {
    "Class": _entity(_NAMED),
    "Department": _entity(_NAMED),
    "Preferences": _entity(
        "AccountingInfoPrefs:AnyPreference SalesFormsPrefs:AnyPreference TaxPrefs:AnyPreference "
        "CurrencyPrefs:AnyPreference OtherPrefs:AnyPreference VendorAndPurchasesPrefs:AnyPreference"
    ),
    "AnyPreference": {"free": True},
}

# Used where the schema file is not there.
INSTEAD: Json = {
    "Customer": _entity(
        "DisplayName Active:boolean GivenName FamilyName CompanyName PrimaryEmailAddr:EmailAddress Notes "
        "CurrencyRef:ReferenceType Taxable:boolean FullyQualifiedName Balance:decimal"
    ),
    "Item": _entity(
        f"{_NAMED} Sku Type:ItemTypeEnum Description UnitPrice:decimal PurchaseCost:decimal Taxable:boolean "
        "IncomeAccountRef:ReferenceType ExpenseAccountRef:ReferenceType AssetAccountRef:ReferenceType "
        "QtyOnHand:decimal InvStartDate:date TrackQtyOnHand:boolean SalesTaxCodeRef:ReferenceType"
    ),
    "Account": _entity(
        f"{_NAMED} AcctNum AccountType:AccountTypeEnum AccountSubType Classification CurrencyRef:ReferenceType "
        "CurrentBalance:decimal Description"
    ),
    "PaymentMethod": _entity("Name Active:boolean Type"),
    "Invoice": _entity(_FORM),
    "SalesReceipt": _entity(_FORM),
    "CreditMemo": _entity(f"{_FORM} RemainingCredit:decimal"),
    "RefundReceipt": _entity(_FORM),
    "Payment": _entity(
        f"{_TXN} CustomerRef:ReferenceType DepositToAccountRef:ReferenceType PaymentMethodRef:ReferenceType "
        "PaymentRefNum UnappliedAmt:decimal DocNumber LinkedTxn:LinkedTxn[] ARAccountRef:ReferenceType "
        "TxnTaxDetail:TxnTaxDetail"
    ),
    "Purchase": _entity(
        f"{_TXN} DocNumber PaymentType:PaymentTypeEnum AccountRef:ReferenceType EntityRef:ReferenceType Credit:boolean "
        "PrintStatus:PrintStatusEnum DepartmentRef:ReferenceType PaymentMethodRef:ReferenceType PaymentRefNum "
        "GlobalTaxCalculation:GlobalTaxCalculationEnum TxnTaxDetail:TxnTaxDetail LinkedTxn:LinkedTxn[]"
    ),
    "Deposit": _entity(f"{_TXN} DocNumber DepositToAccountRef:ReferenceType DepartmentRef:ReferenceType"),
    "JournalEntry": _entity(f"{_TXN} DocNumber Adjustment:boolean"),
    "Line": _part(
        "Id:id LineNum:positiveInteger Amount:decimal Description DetailType:LineDetailTypeEnum LinkedTxn:LinkedTxn[] "
        "SalesItemLineDetail:SalesItemLineDetail SubTotalLineDetail:SubTotalLineDetail "
        "DiscountLineDetail:DiscountLineDetail DescriptionLineDetail:DescriptionLineDetail "
        "AccountBasedExpenseLineDetail:AccountBasedExpenseLineDetail DepositLineDetail:DepositLineDetail "
        "JournalEntryLineDetail:JournalEntryLineDetail TaxLineDetail:TaxLineDetail"
    ),
    "SalesItemLineDetail": _part(
        "ItemRef:ReferenceType UnitPrice:decimal Qty:decimal TaxCodeRef:ReferenceType ClassRef:ReferenceType "
        "ServiceDate:date TaxInclusiveAmt:decimal ItemAccountRef:ReferenceType"
    ),
    "SubTotalLineDetail": _part("ItemRef:ReferenceType ServiceDate:date"),
    "DescriptionLineDetail": _part("ServiceDate:date TaxCodeRef:ReferenceType"),
    "DiscountLineDetail": _part(
        "PercentBased:boolean DiscountPercent:decimal DiscountAccountRef:ReferenceType"
    ),
    "AccountBasedExpenseLineDetail": _part(
        "AccountRef:ReferenceType CustomerRef:ReferenceType ClassRef:ReferenceType TaxCodeRef:ReferenceType "
        "BillableStatus TaxAmount:decimal TaxInclusiveAmt:decimal"
    ),
    "DepositLineDetail": _part(
        "AccountRef:ReferenceType Entity:ReferenceType ClassRef:ReferenceType PaymentMethodRef:ReferenceType CheckNum"
    ),
    "JournalEntryLineDetail": _part(
        "PostingType:PostingTypeEnum AccountRef:ReferenceType Entity:EntityTypeRef ClassRef:ReferenceType "
        "DepartmentRef:ReferenceType"
    ),
    "EntityTypeRef": _part("Type EntityRef:ReferenceType"),
    "TxnTaxDetail": _part(
        "TotalTax:decimal TxnTaxCodeRef:ReferenceType TaxLine:Line[] UseAutomatedSalesTax:boolean "
        "TaxReviewStatus"
    ),
    "TaxLineDetail": _part(
        "TaxRateRef:ReferenceType TaxPercent:decimal PercentBased:boolean NetAmountTaxable:decimal"
    ),
    "LinkedTxn": _part("TxnId:id TxnType TxnLineId:id"),
    "EmailAddress": _part("Address"),
    "ModificationMetaData": _part("CreateTime:dateTime LastUpdatedTime:dateTime"),
    "ReferenceType": {"attributes": ["name", "type"], "simple_content": True},
    "MemoRef": {"attributes": ["id"], "simple_content": True},
    "GlobalTaxCalculationEnum": {"enum": ["TaxInclusive", "TaxExcluded", "NotApplicable"]},
    "PaymentTypeEnum": {"enum": ["Cash", "Check", "CreditCard", "Expense", "Other"]},
    "PrintStatusEnum": {"enum": ["NotSet", "NeedToPrint", "PrintComplete"]},
    "EmailStatusEnum": {"enum": ["NotSet", "NeedToSend", "EmailSent"]},
    "PostingTypeEnum": {"enum": ["Credit", "Debit"]},
    "ItemTypeEnum": {"enum": ["Inventory", "NonInventory", "Service", "Category", "Group"]},
    "AccountTypeEnum": {
        "enum": [
            *("Bank", "Accounts Receivable", "Other Current Asset", "Fixed Asset", "Other Asset"),
            *("Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability", "Equity"),
            *("Income", "Cost of Goods Sold", "Expense", "Other Income", "Other Expense"),
        ]
    },
    "LineDetailTypeEnum": {
        "enum": [
            *("SalesItemLineDetail", "SubTotalLineDetail", "DiscountLineDetail", "DescriptionOnly"),
            *("AccountBasedExpenseLineDetail", "DepositLineDetail", "JournalEntryLineDetail"),
            *("GroupLineDetail", "TaxLineDetail", "PaymentLineDetail", "ItemBasedExpenseLineDetail"),
        ]
    },
}
