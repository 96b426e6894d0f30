/**
 * Voids an invoice on which nothing was paid or credited. NetSuite voids by SuiteScript alone, and the connector calls
 * this script where its settings name it as void_restlet_url. docs/netsuite.md says how it is deployed.
 *
 * POST {"type": "invoice", "id": "12"} answers {"voided": true, "id": "12"}. What cannot be voided is refused with HTTP
 * status 400 and {"error": {"code": "...", "message": "..."}}, as NetSuite does with every error of a script. Asked twice,
 * it answers the same: an invoice that is void already stays as it is.
 *
 * https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_4413165692.html
 *
 * @NApiVersion 2.1
 * @NScriptType Restlet
 * @NModuleScope SameAccount
 */
define(['N/error', 'N/record', 'N/search', 'N/transaction'], (error, record, search, transaction) => {
    // The error is the caller's to read, not the administrator's: no e-mail is sent for it.
    const refuse = (code, message) => {
        throw error.create({ name: code, message, notifyOff: true });
    };

    const isVoid = (id) => {
        const found = search.lookupFields({ type: search.Type.INVOICE, id, columns: ['voided'] });
        return found.voided === true || found.voided === 'T';
    };

    const post = (asked) => {
        const { type, id } = asked || {};
        if (type !== 'invoice') {
            refuse('CONNECTOR_WRONG_TYPE', `Only an invoice is voided here, not ${type}.`);
        }
        if (!/^[0-9]+$/.test(String(id))) {
            refuse('CONNECTOR_WRONG_ID', 'id must be the internal id of an invoice.');
        }
        const invoice = record.load({ type: record.Type.INVOICE, id });
        if (isVoid(id)) {
            return { voided: true, id: String(id) };
        }
        const total = Number(invoice.getValue('total'));
        const open = Number(invoice.getValue('amountremaining'));
        if (open !== total) {
            refuse('CONNECTOR_SOMETHING_APPLIED', `${open} of ${total} of the invoice are open: something is applied to it.`);
        }
        transaction.void({ type: transaction.Type.INVOICE, id: Number(id) });
        if (!isVoid(id)) {
            // With "Void Transactions Using Reversing Journals" a journal was made, and the invoice stands.
            refuse(
                'CONNECTOR_NOT_VOID',
                'NetSuite did not void the invoice itself: delete the journal that it may have made, and see the preference for '
                    + 'reversing journals.'
            );
        }
        return { voided: true, id: String(id) };
    };

    return { post };
});
