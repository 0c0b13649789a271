# What the customer reads: short sentences, no words of the trade.
choice-your-purchase = Your purchase: { $total }
choice-articles = { $count ->
    [one] 1 item
   *[other] { $count } items
}
choice-more-lines = { $count ->
    [one] and 1 more line
   *[other] and { $count } more lines
}
choice-read-all = Read it all
choice-complaints = Complaints and questions
choice-back = Back
choice-till = Back
choice-change = Change
choice-done = Done
choice-noted = Noted: { $title }.
choice-noted-change = Noted: { $title }. You can still change it.
choice-when-paid = When you have paid:
choice-forgotten = Your items were not kept.
choice-scanned = Scanned { $code }: not added now.

remember-then = If you confirm: { $after }
remember-title = How do we find it?
remember-field = Phone, e-mail or loyalty card
remember-ticks = What for? Tick at least one use.
remember-confirm = Remember
remember-leave = Back, remember nothing
remember-leave-chosen = Back, your earlier choice stands
remember-keys-field = Enter: go on · Tab: down · Esc: back
remember-keys-ticks = Space or number: tick · Enter: remember · Esc: back
remember-check-phone = Is this your phone?
remember-check-email = Is this your e-mail?
remember-check-card = Is this your loyalty card?
remember-check-yes = Yes, it is
remember-check-no = Correct it
remember-check-other-card = Tab: it is a loyalty card
remember-check-other-phone = Tab: it is a phone
remember-error-empty = Type a phone, an e-mail or a loyalty card.
remember-error-phone = That is no phone number. Use its prefix: +34 600 123 456.
remember-error-email = That is no e-mail address. Example: ana@example.org
remember-error-card = That is no loyalty card: 4 to 32 digits or letters.
remember-error-payment-card = This looks like a payment card. It is not kept here. Use another.
remember-error-product = That is a product's code, no card. Scan or type your card.
remember-error-no-tick = Tick at least one use, or Esc. Without a use nothing is remembered.

notice-title = What we keep, and what for
notice-place = { $from }–{ $to } of { $total }
notice-up = Up
notice-down = Down

lock-title = Till locked
lock-basket = { $count ->
    [one] The basket is still here: 1 item.
   *[other] The basket is still here: { $count } items.
}
lock-pin = Your PIN
lock-wrong = That is not the PIN.
lock-wait = { $seconds ->
    [one] That is not the PIN. Wait 1 second.
   *[other] That is not the PIN. Wait { $seconds } seconds.
}
lock-checking = checking…
lock-too-short = A PIN has 4 to 8 digits.
lock-open = open
lock-keys = Digits, then Enter
