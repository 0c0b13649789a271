key-quantity = quantity
key-search = search
key-void-line = void
key-undo = undo
key-line-discount = line discount
key-sale-discount = sale discount
key-customer = customer
key-department = department
key-pay = pay
key-void-sale = void sale
key-tax = tax
key-receipt = last receipt
key-lock = lock
key-quit = quit
key-cash = this cash
key-card = card
key-take-back = take back
key-retry = try again
key-approved = approved
key-declined = declined
key-confirm = yes, do it
key-choose = choose
key-read-all = read all
key-complaint = complaints
key-language = language
key-accept = accept
key-back = back
key-up = up
key-down = down
key-page-up = page up
key-page-down = page down
key-help = more

# Counts that other sentences use.
n-stores = { $stores ->
    [one] 1 store
   *[other] { $stores } stores
}
n-records = { $records ->
    [one] 1 record
   *[other] { $records } records
}
n-tickets = { $tickets ->
    [one] 1 ticket
   *[other] { $tickets } tickets
}
n-purchases = { $purchases ->
    [one] 1 purchase
   *[other] { $purchases } purchases
}
n-forgets = { $forgets ->
    [one] 1 forget
   *[other] { $forgets } forgets
}
n-products = { $products ->
    [one] 1 product
   *[other] { $products } products
}
n-copies = { $copies ->
    [one] 1 copy
   *[other] { $copies } copies
}
