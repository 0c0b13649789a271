sell-placeholder = code, name or 3*
sell-empty = Scan a product, or type its code or name.
sell-loading = Loading the products. Scans wait and are not lost.
sell-resumed = The basket that was open is back.
sell-resumed-answered = The basket that was open is back, with what the customer chose.
sell-resumed-ask-again = The open basket is back. Ask the customer again: the policy has changed.
sell-resumed-paid = Before the till ended, { $amount } was taken for the waiting basket.
sell-held = { $count ->
    [one] 1 basket waits
   *[other] { $count } baskets wait
}
sell-counted = { $lines ->
    [one] 1 line
   *[other] { $lines } lines
} · { $items ->
    [one] 1 item
   *[other] { $items } items
}
sell-more-above = … { $count ->
    [one] 1 line above
   *[other] { $count } lines above
}
sell-list-above = { $count } more above
sell-list-below = { $count } more below
sell-tax-heading = VAT included
sell-tax-included = VAT included { $amount }
sell-discount = discount
sell-sale-discount = discount on the sale
sell-waiting = { $count ->
    [one] 1 code waits
   *[other] { $count } codes wait
}

sell-ask-keys = Enter: accept · Esc: leave it
sell-ask-weight = Weight of { $name } in kg:
sell-ask-quantity = Quantity of { $name }:
sell-ask-line-discount = Discount on { $name } (10% or 1.50):
sell-ask-sale-discount = Discount on the sale (10% or 1.50; 0: none):
sell-ask-search = Name of the product instead of { $name }:
sell-ask-department = Department (number or name):
sell-ask-department-of = Department of { $name } (number or name):
sell-ask-price = { $name }, price and, if wanted, what it is:
sell-department-other = Other

sell-unknown = { $code } is not in the catalogue. { $search }: search, { $department }: by department
sell-unknown-misread = { $code } was misread: scan again. { $search }: search, { $department }: by department
sell-no-such-name = No product has these words. Change them, or Esc: { $name }
sell-no-such-department = There is no such department. Type its number or part of its name.
sell-star-alone = After the quantity comes a code or a name.
sell-not-added = { $why } Not added: { $name }
sell-left-out = Nothing was sold for what stood in the line: { $name }
sell-weigh-kg = That would be { $weight }. Type the weight in kg: 0.345, or 60.0.
sell-not-weighed = Left out: it has no weight.
sell-voided = Voided; undo brings it back: { $name }
sell-voided-sale = The sale is voided. Undo brings it back until the next item.
sell-voided-held = The sale is voided. This is the basket that waited.
sell-undone = The last step is undone.
sell-undone-ask-again = The basket is back, not what the customer had chosen. Ask again.
sell-answer-first = Answer this first: Enter accepts, Esc leaves it.
sell-resumed-terminal = Look at the card terminal before you charge: it had { $amount }.
sell-resumed-paid-terminal = { $amount } taken; the terminal had { $card }. Look there.
sell-nothing-to-undo = There is nothing to undo.
sell-nothing-yet = The basket is empty. Scan something first.
sell-no-receipt = There is no receipt of this till yet.
sell-still-recording = The sale before is still being recorded. Wait a moment.
sell-weigh-first = Enter the weight first, or Esc to leave the product out.
sell-unknown-first = A code is still unknown: search it, sell it by department, or Esc.

sell-error-full = The basket is full. Charge it and begin another.
sell-error-whole = It is sold by whole pieces.
sell-error-quantity = This is not a quantity. Type 2 or 0.345.
sell-error-range = The quantity must be more than 0 and at most 100000.
sell-error-overflow = The amount is too large.
sell-name-payment-card = Leave the card's number out: it is not kept here.
sell-name-person = Leave phone and e-mail out: they would stay on the ticket.
sell-name-bad = Type a shorter name, of plain letters.
sell-error-price = This is not a price. Type 1.20.
sell-error-discount = This is not a discount. Type 10% or 1.50.
sell-error-discount-large = The discount is more than the price.

sell-recording = recording…
sell-sold = sold { $ticket }
sell-change = Change

sell-void-question = Void the whole sale?
sell-void-what = { $lines ->
    [one] 1 line
   *[other] { $lines } lines
}, { $total }. Nothing of it has been recorded.
sell-void-keep = keep selling
sell-void-do = void the sale
sell-quit-question = Close the till?
sell-quit-what = The open basket stays, sealed, and is back at the next start.
sell-quit-stay = stay
sell-quit-go = close the till
sell-left-question = Have you looked?
sell-left-not-yet = not yet
sell-left-looked = yes, go on
sell-clock-question = The clock says { $day }. Is that right?
sell-clock-what = The last day that the till is sure of is { $day }. If the clock is wrong, set it. If it is right, the till goes by it and destroys what is past its term.
sell-clock-unsure = no, or not sure
sell-clock-right = the clock is right
sell-clock-back = clock set back
sell-clock-ahead = clock set ahead
sell-clock-doubt = is it { $day }?

sell-help-title = Keys of this screen
sell-help-code = a code, typed or scanned, then Enter
sell-help-count = a quantity before a code or a name
sell-help-weight = a weight in kg before a code or a name
sell-receipt-title = Last receipt
sell-page-more = ↓ more · Esc: back
sell-page-end = Esc: back

sell-scan-refused = Scanned { $code }: not added. Finish the payment first, or Esc.
sell-scan-refused-locked = Scanned { $code }: not added. Open the till first.
sell-scan-nothing = Scanned { $code }: nothing was done with it.
sell-key-in-scan = Press it again: it came as fast as a scan, and did nothing.
sell-too-small = 80×24 needed: make the window larger. Scans still work.
sell-several = Several have these words: choose with ↑↓ and Enter.
