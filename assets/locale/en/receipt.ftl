receipt-kept-heading = WHAT WE KEEP
receipt-paper-heading = ONLY ON THIS PAPER
receipt-also-kept-heading = ALSO KEPT
receipt-kept-for = For: { $purpose }
receipt-kept-until = Until: { $until }
receipt-kept-until-renewed = Until: { $until }, longer if you have another purchase remembered
receipt-kept-profile = In your profile, found by your { $kind ->
    [phone] phone
    [email] e-mail
   *[card] loyalty card
}
receipt-until-customer = you say forget

receipt-tax-id = Tax id { $id }
receipt-invoice = Simplified invoice
receipt-total = TOTAL
receipt-rounding = Cash rounding
receipt-cash = Paid in cash
receipt-card = Paid by card
receipt-tax = VAT
receipt-tax-base = Base
receipt-tax-amount = Tax

receipt-lines-on-ticket = The items are on the ticket above and are kept with it.
receipt-discount = discount
receipt-subtotal = Before discounts
receipt-discounts = Discounts
receipt-given-cash = Given in cash
receipt-change = Change

receipt-choice = Your choice: { $choice }
receipt-not-answered = No answer, so: { $choice }
receipt-code = Code of this receipt:
receipt-code-use = Show this code at the store to see this purchase, or to have it forgotten.
receipt-code-forgotten = With this code you can check at the store that nothing more was kept.
receipt-earlier = From before the till was opened: only the ticket can be seen here.
