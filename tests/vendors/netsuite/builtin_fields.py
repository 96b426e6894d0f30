"""Which fields the records of NetSuite have, by type: names and kinds, as its REST browser and metadata list them.

A kind is `text`, `number`, `whole`, `flag`, `day`, a `@group` that a reference points into, `=A,B` for a choice, `-` for
what NetSuite alone fills (what a client sends there is ignored), `*` for what the stand-in keeps without looking.
"""

from __future__ import annotations

from collections.abc import Mapping

Kinds = Mapping[str, str]


def kinds(*texts: str) -> dict[str, str]:
    """`name:kind` by blanks; a name without a kind is kept without looking."""
    found: dict[str, str] = {}
    for one in " ".join(texts).split():
        name, _, kind = one.partition(":")
        found[name] = kind or "*"
    return found


_EVERY = "id:- links:- refName:- externalId:text createdDate:- lastModifiedDate:- customForm:@any"
_TRANSACTION = (
    f"{_EVERY} tranId:text transactionNumber:- tranDate:day postingPeriod:@accountingPeriod subsidiary:@subsidiary "
    "currency:@currency exchangeRate:number memo:text status:- source:- prevDate:-"
)
_CLASSES = "department:@department class:@classification location:@location"
_DELETION = "deletionReason:@any deletionReasonMemo:text"
_ADDRESSES = (
    "billAddr1 billAddr2 billAddr3 billAddress billAddressList billAddressee billAttention billCity billCountry "
    "billOverride billPhone billState billZip billingAddress billingAddress_text shipAddress shipAddressList shipDate "
    "shipIsResidential shipMethod shipOverride shippingAddress shippingAddress_text"
)
_FORM = (
    f"{_TRANSACTION} {_CLASSES} {_ADDRESSES} {_DELETION} entity:@customer account:@account createdFrom:@transaction "
    "otherRefNum:text email:text toBeEmailed:flag toBeFaxed:flag toBePrinted:flag message:text messageSel "
    "total:- subtotal:- taxTotal:- discountTotal:- discountAmount discountDate discountItem discountRate endDate:day "
    "startDate:day salesEffectiveDate:day asOfDate accountingBookDetail bulkProcSubmission canHaveStackable "
    "estGrossProfit:- estGrossProfitPercent:- intercoStatus intercoTransaction job originator partner prevRep salesRep "
    "totalCostEstimate:- tranIsVsoeBundle whichChargesToAdd"
)
_SALE = (
    "estimate expCost fob forInvoiceGrouping groupedTo itemCost linkedTrackingNumbers oppcreatedfrom "
    "oppcreatedfromtitle opportunity previousOpportunity sourceWebSite time trackingNumbers"
)
_OPEN = "amountPaid:- amountRemaining:- amountRemainingTotalBox:- dueDate:day terms:@any"
_INSTRUMENT = "paymentOption:@paymentOption handlingMode:=MIMIC,PROCESS,SAVE_ONLY paymentProcessingProfile:@any paymentOperation:"
_SUITETAX = "taxDetailsOverride:flag taxRegOverride:flag entityTaxRegNum:@any totalAfterTaxes:-"
_LEGACY = "taxItem:@any taxRate:number"
_CASH = "undepFunds:* checkNumber:text"
_PAYMENT = f"{_TRANSACTION} {_CLASSES} customer:@customer account:@account"

RECORDS: dict[str, Kinds] = {
    "invoice": kinds(_FORM, _SALE, _OPEN),
    "creditMemo": kinds(_FORM, _OPEN, "applied:- unapplied:- salesReturn autoApply:flag"),
    "cashSale": kinds(_FORM, _SALE, _CASH, _INSTRUMENT + "=SALE,CAPTURE"),
    "cashRefund": kinds(_FORM, "refundCheck:flag checkNumber:text", _INSTRUMENT + "=CREDIT,REFUND"),
    "customerPayment": kinds(
        _PAYMENT,
        "arAcct:@account undepFunds:* payment:number total:- applied:- unapplied:- pending:- balance:- "
        "refundedAmountTotalBox:- autoApply:flag transactionToRefund:@transaction toBeEmailed:flag checkNumber:text",
        _INSTRUMENT + "=SALE,CAPTURE",
    ),
    "customerRefund": kinds(
        _PAYMENT,
        "arAcct:@account transactionToRefund:@transaction checkNumber:text total:- balance:- toBePrinted:flag "
        "voidJournal:-",
        _INSTRUMENT + "=CREDIT,REFUND",
    ),
    "customerDeposit": kinds(_PAYMENT, "undepFunds:* payment:number", _INSTRUMENT + "=SALE,CAPTURE"),
    "depositApplication": kinds(
        _TRANSACTION, "customer:@customer arAcct:@account deposit:@transaction total:- applied:- unapplied:-"
    ),
    "journalEntry": kinds(_TRANSACTION, "approved:flag reversalDate:day createdFrom:-"),
    "customer": kinds(
        _EVERY,
        "entityId:text companyName:text firstName:text lastName:text altName:- email:text comments:text isInactive:flag "
        "isPerson:flag subsidiary:@subsidiary currency:@currency phone:text receivablesAccount:@account taxable:flag",
    ),
    "account": kinds(_EVERY, "acctName:text acctNumber:text acctType:* isInactive:flag currency:@currency"),
    "subsidiary": kinds(_EVERY, "name:text fullName:- currency:@currency isInactive:flag isElimination:flag"),
    "currency": kinds(_EVERY, "name:text symbol:text isBaseCurrency:- isInactive:flag currencyPrecision:-"),
    "accountingPeriod": kinds(
        _EVERY,
        "periodName:text startDate:day endDate:day closed:flag arLocked:flag allLocked:flag isYear:flag isQuarter:flag "
        "isAdjust:flag",
    ),
    "paymentMethod": kinds(_EVERY, "name:text isInactive:flag"),
    "salesTaxItem": kinds(_EVERY, "name:text itemId:text taxType:@taxType rate:number isInactive:flag"),
    "item": kinds(
        _EVERY,
        "itemId:text displayName:text isInactive:flag incomeAccount:@account cogsAccount:@account "
        "assetAccount:@account itemType:- quantityOnHand:- subsidiary:*",
    ),
}
ITEM_TYPES = {
    "serviceSaleItem": "Service",
    "nonInventorySaleItem": "NonInvtPart",
    "inventoryItem": "InvtPart",
    "otherChargeSaleItem": "OthCharge",
    "discountItem": "Discount",
    "serviceResaleItem": "Service",
    "nonInventoryResaleItem": "NonInvtPart",
    "otherChargeResaleItem": "OthCharge",
    "assemblyItem": "Assembly",
    "lotNumberedAssemblyItem": "Assembly",
    "serializedAssemblyItem": "Assembly",
    "lotNumberedInventoryItem": "InvtPart",
    "serializedInventoryItem": "InvtPart",
    "kitItem": "Kit",
    "downloadItem": "DwnLdItem",
    "giftCertificateItem": "GiftCert",
}
_ITEM_LINE = (
    "item:@item line:whole orderLine:whole orderDoc:@transaction quantity:number rate:number amount:number "
    "grossAmt:number price:* description:text account:- department:@department class:@classification "
    "location:@location linked:- links:- refName:- itemType:- itemSubtype:- billVarianceStatus chargeType "
    "costEstimate costEstimateRate costEstimateType estGrossProfit:- estGrossProfitPercent:- excludeFromRateRequest "
    "initOqpBucket inventoryDetail isClosed isOpen itemSubtotal marginal matrixType minQty options oqpBucket printItems "
    "processedByRevCommit quantityAvailable:- quantityCommitted:- quantityOnHand:- rateSchedule revrec_recurrencetype "
    "subsidiary:* units vsoeAllocation vsoeAmount vsoeDelivered vsoeIsEstimate vsoePermitDiscount vsoePrice vsoeSOPGroup"
)
_APPLY = (
    "doc:@transaction line:whole apply:flag amount:number applyDate:- due:- total:- refNum:- type:- currency:- "
    "createdFrom:- job:- jobName:- links:-"
)
_DEPOSIT = "doc:@transaction apply:flag amount:number depositDate:- remaining:- total:- refNum:- currencyName:- links:-"
_TAX = (
    "taxDetailsReference:text taxType:@taxType taxCode:@salesTaxItem taxRate:number taxBasis:number taxAmount:number "
    "lineName:- lineType:- netAmount:- grossAmount:- links:-"
)
_JOURNAL_LINE = (
    f"line:whole account:@account debit:number credit:number entity:@customer memo:text {_CLASSES} links:-"
)
SUBLISTS: dict[str, Kinds] = {
    "item": kinds(_ITEM_LINE),
    "apply": kinds(_APPLY),
    "credit": kinds(_APPLY, "appliedTo:- creditDate:-"),
    "deposit": kinds(_DEPOSIT),
    "taxDetails": kinds(_TAX),
    "line": kinds(_JOURNAL_LINE),
    "currencyList": kinds("currency:@currency balance:- links:-"),
}
# Which sublists a type has.
HAS: dict[str, tuple[str, ...]] = {
    "invoice": ("item", "taxDetails"),
    "cashSale": ("item", "taxDetails"),
    "creditMemo": ("item", "apply", "taxDetails"),
    "cashRefund": ("item", "taxDetails"),
    "customerPayment": ("apply", "credit", "deposit"),
    "customerRefund": ("apply", "deposit"),
    "depositApplication": ("apply",),
    "journalEntry": ("line",),
    "customer": ("currencyList",),
}
INSTRUMENTS = frozenset({"paymentOption", "paymentOperation", "handlingMode", "paymentProcessingProfile"})
SUITETAX = kinds(_SUITETAX)
LEGACY = kinds(_LEGACY)
SUITETAX_LINE = kinds("taxDetailsReference:text")
LEGACY_LINE = kinds("isTaxable:flag taxCode:@any taxRate1:number")
