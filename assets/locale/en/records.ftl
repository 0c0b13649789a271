review-sales = Sales
review-total = Total
review-days = By day
review-taxes = By tax rate: base, tax
review-departments = By department
review-tenders = By payment
review-choices = By the customers' choice
review-waiting = Not assigned yet
review-waiting-why =
      What is sold of a product is added to its department after { $sales } sales among { $among } tickets, or after { $longest } tickets.
      Before that it could tell what somebody bought. What was added together with sales of other days is not here either.
review-rounding = Rounding of cash
review-cash = Cash
review-card = Card
review-unanswered = not answered (forgotten)

verify-looked-at = Looked at tickets: { $tickets }, kept purchases: { $purchases }, customers: { $profiles }, forgotten: { $forgotten }.
verify-holds = Everything holds.
verify-found = { $count ->
    [one] One thing does not hold:
   *[other] { $count } things do not hold:
}
verify-database = The database is damaged: { $subject }
verify-database-next = Copy the directory, then put a backup back: olvido restore FILE
verify-not-ours = The database has something that Olvido never makes: { $subject }
verify-not-ours-next = It can hinder a forget, or keep what is forgotten. Have it taken out by whoever put it in.
verify-policy-file = The file of the policy is missing: { $subject }
verify-policy-file-next = Meanwhile the till goes by the policy of this version. Put your own back.
verify-policy-missing = A policy under which something was sold is gone: { $subject }
verify-policy-missing-next = Tickets and counts stay until it is back. Copy the directory, then put a backup back: olvido restore FILE
verify-ticket-missing = Missing from the chain of tickets: { $subject }
verify-ticket-changed = The ticket { $subject } is not as it was issued.
verify-ticket-sums = The amounts of the ticket { $subject } do not add up to its total.
verify-ticket-next = Keep the files as they are, and compare with a backup.
verify-key-kept = The key of something forgotten is still there: { $subject }
verify-key-kept-next = An earlier olvido.keys may have been put back. The till zeroes the key in a quiet minute. Now: olvido expire
verify-bytes-kept = Something forgotten is still in the database: { $subject }
verify-kept-next = Old files may have been put back by hand. Restore with: olvido restore FILE
verify-key-damaged = The slot { $subject } of the keys file is damaged.
verify-slot-unused = The slot { $subject } of the keys file is damaged, and nothing is kept under it.
verify-slot-unused-next = The till zeroes it in a quiet minute. Now: olvido expire
verify-key-missing = The key of something kept is missing: { $subject }
verify-key-missing-next =
    If an earlier olvido.db was put here, put the newer one back: nothing that it does not know was zeroed.
    Else what it held cannot be read. A backup may still have it: olvido restore FILE
    To forget for good what nobody can open here: olvido customer forget --damaged-too
verify-unopened = Something kept does not open: { $subject }
verify-unlinked = A purchase and its customer do not belong together: { $subject }
verify-lookup-kept = The slot { $subject } still finds a customer, and nothing is kept under it.
verify-lookup-kept-next = A sale was cut short. The till zeroes it in a quiet minute. Now: olvido expire
verify-sealed-next =
    What it held cannot be read. A backup may still have it: olvido restore FILE
    To forget for good what nobody can open here: olvido customer forget --damaged-too
verify-outbox-gap = What goes to the hub has places missing in a series: { $subject }
verify-outbox-purchase = A purchase and its place in what goes to the hub do not belong together: { $subject }
verify-outbox-next = Keep the files as they are, compare with a backup, and enrol this till again.
verify-past-term = Past their term, hidden: { $count }. The till destroys them once the day is certain. What it goes by: olvido expire
verify-overdue = A purchase is past its term and still here: { $subject }
verify-overdue-next = Destroy what is past its term: olvido expire
verify-more = and { $count } more
verify-count-thin = A count of a product is over too few sales, from ticket { $subject } on
verify-count-thin-next = Restore an earlier backup.
verify-pending = Something forgotten is not gone completely yet.
verify-pending-next = Close other programs that read the database, make room on the disk, then check again.
verify-left-over = A backup or a restore was interrupted and had left this: { $subject }
verify-left-over-next = It is overwritten and removed. Check again: then everything must hold.
verify-left-over-stays = A backup or a restore was interrupted and left this, which cannot be erased now: { $subject }
verify-left-over-stays-next = Connect the disk that it is on, or make it writable, then check again. If that disk is lost for good, delete the note about it in the data directory: backup.to, at a hub hub.backup.to.
verify-doubt = Restored from the backup of { $day }: { $count ->
    [one] one kept purchase may have been forgotten after it, and nothing is left that tells.
   *[other] { $count } kept purchases may have been forgotten after it, and nothing is left that tells which.
}
verify-strangers = These are not Olvido's, and nobody looked into them: { $names }
verify-compaction = Files of Olvido 0.2.0 are not compacted yet: what found forgotten customers may still lie in them.
verify-compaction-next = The till compacts them in a quiet minute. Now: olvido expire

expire-nothing = Nothing is past its term.
expire-done = Past their term: purchases forgotten: { $purchases }, tickets removed: { $tickets }.
expire-tickets-wait =
    Tickets and counts stay until this is mended: a kept policy, which has their terms, is damaged or gone.
    Put a backup back: olvido restore FILE
expire-counts-wait =
    Counts stay until this is mended: they and their keys do not belong together, or are damaged.
    Put a backup back: olvido restore FILE
expire-hidden = { $count ->
    [one] Past its term, hidden and not destroyed yet: 1 purchase. It goes when the till is sure of the day.
   *[other] Past their term, hidden and not destroyed yet: { $count } purchases. They go when the till is sure of the day.
}
expire-days =
    The clock says { $clock }. The last day that the till is sure of is { $trusted }.
    If the clock is wrong, set it. If it is right: olvido expire --clock-is-right
    Without an answer the till catches up by a day each hour that it runs.
expire-trusted = The clock is right: the till goes by { $day }.

purchase-code-length = a receipt code has { $wanted } letters and digits; here are { $found }.
purchase-code-symbol = in a receipt code the letter or digit { $place } cannot be "{ $symbol }".
purchase-code-check = this receipt code has a wrong letter or digit.
purchase-code-next = Compare it with the receipt.
purchase-past-term = this purchase is past its term: nothing of it is shown, and it is about to be destroyed.
purchase-past-term-next = Check the date of this machine. To destroy it now: olvido purchase forget CODE
purchase-unknown = this store gave no such receipt code.
purchase-unknown-next = Check whether the receipt is from here.
purchase-not-found = no purchase is found under this receipt code.
purchase-not-found-next =
    This store was put back from a backup: what was kept from { $from } to { $to } may be gone.
    If the receipt is of these days, its paper is enough for guarantee and returns. Else check whether it is from here.
purchase-forgotten = beyond its ticket and the counts, nothing is kept of this purchase: it is forgotten.
purchase-forgotten-next = The receipt on paper is enough for guarantee and returns.
purchase-forgotten-pending = nothing can be read of this purchase any more: it is being forgotten. Its last traces are not gone yet.
purchase-ticket-gone = the ticket of this purchase was removed after its term.
purchase-ticket-gone-next = See what is kept: olvido purchase show CODE
purchase-looks = Looked at
purchase-look-receipt = with the code of the receipt
purchase-look-customer-asks = the customer asked
purchase-look-return = a return
purchase-look-guarantee = the guarantee
purchase-look-complaint = a complaint
purchase-look-authority = an authority
purchase-look-other = another reason
purchase-look-unsaid = nobody said why
purchase-ticket = Ticket
purchase-day = Day
purchase-choice = Choice
purchase-until = Kept until
purchase-until-customer = the customer says so
purchase-customer = Customer
purchase-purposes = For
purchase-no-purposes = nothing ticked
purchase-total = Total
purchase-forget-complete = Forgotten. The key is overwritten: nobody can open it here any more. A backup from before can still hold it: delete old backups.
purchase-forget-out = The files here no longer hold that data, not even sealed.
purchase-forget-out-later = The files here may still hold that data, sealed: nobody can open it. It goes in a quiet minute of the till.
purchase-forget-accepted = Accepted: here nobody can open it any more.
forget-waits-reader = Its last traces go when the other program that reads the database ends.
forget-waits-compaction = Its last traces go when the till compacts its files, in a quiet minute.
forget-waits-full = Its last traces go when there is room on the disk.
forget-waits-left-over = But an interrupted backup left a copy that cannot be erased now. See where: olvido verify
forget-waits-no-key =
    But olvido.keys here is missing, not whole, or not of one moment with olvido.db: another olvido.keys may still hold the key.
    Put the right files here and forget again. If there are none, put a backup back: olvido restore FILE
forget-waits-slot =
    But a key that is damaged or missing in olvido.keys may be theirs, too: nobody can tell whose it is, nor open what it was for.
    Forget with --damaged-too: what that key was for is forgotten as well, whoever it is of.
forget-waits-damage = But the database is damaged, and the sealed data could not all be removed. Put a backup back: olvido restore FILE

customer-tickets-stay = The tickets of these purchases stay as long as tax law asks. No ticket names a customer.
customer-in-basket = An open basket was to be remembered for this customer. Its customer is asked again.
customer-in-basket-stays = Warning: an open basket is still to be remembered for this customer, and that cannot be changed now. Void it at the till.
customer-unknown = nothing is kept of this customer: there never was anything, or it is forgotten completely.
customer-unknown-finished = nothing is kept of this customer here. What was still being forgotten when a command was cut short is gone now, completely.
customer-pending = nothing of this customer can be read here, and a forget is not complete yet.
customer-unknown-next = Check the phone, e-mail or card.
customer-perhaps-next = To forget what that key was for, whoever it is of: olvido customer forget IDENT --damaged-too
customer-perhaps = nothing of this customer is found, but a key that is damaged or missing in olvido.keys may be theirs.
customer-damaged-too = { $count ->
    [one] One kept thing that nobody could open is forgotten, whoever it was of.
   *[other] { $count } kept things that nobody could open are forgotten, whoever they were of.
}
customer-unknown-here = this till keeps nothing of this customer.
customer-other-tills = What other tills of the store remember of this customer is forgotten there: say it at each of them.
customer-copies-complete = Every copy of what was forgotten here has confirmed.
customer-in-basket-open = An open basket is to be remembered for this customer once it is paid.
customer-which = this can name two customers: { $names }.
customer-which-next = Write one of them as it stands there, with its kind.
customer-not-phone = this is no phone number.
customer-not-email = this is no e-mail address.
customer-not-card = this is no card number of a loyalty card.
customer-payment-card = this looks like a payment card. Olvido never takes one.
customer-identifier-next = Write a phone number, an e-mail address or a loyalty card number.
customer-purchases = { $count ->
    [one] One kept purchase:
   *[other] { $count } kept purchases:
}
customer-past-term = { $count ->
    [one] One more is past its term: it is not shown, and about to be destroyed.
   *[other] { $count } more are past their term: they are not shown, and about to be destroyed.
}
customer-unread = { $count ->
    [one] One kept thing cannot be read, since its key is damaged or missing: it is theirs, or may be.
   *[other] { $count } kept things cannot be read, since their keys are damaged or missing: they are theirs, or may be.
}
customer-purposes-unread = cannot be read
customer-damaged-none = Nothing to forget was found.

backup-made =
    Backup: { $file } ({ $size } kB)
    Last ticket: { $ticket }. Kept purchases: { $purchases }.
    It opens only with this key, which is not in it. Keep a copy of the key in another place, once:
    { $key }
    A backup can hold what is forgotten later. Replace old backups by new ones.
days-backwards = the day of --from is after that of --to.
days-backwards-next = Write the earlier day first: --from { $to } --to { $from }

backup-none = none
backup-exists = there is a file of this name already.
backup-exists-next = Choose another name.
backup-unfinished = an earlier backup was interrupted and left something that cannot be erased now, or another backup is being made. { $names }
backup-unfinished-next = See what to do: olvido verify
backup-not-one = this is not a backup of Olvido, or it is damaged.
backup-altered = this backup is damaged: { $name } is not whole. Nothing was changed.
backup-bytes-behind = there is something behind the end of this backup that does not belong to it. Nothing was changed.
backup-damaged-next = Try another backup.
backup-too-new = this backup was written by a newer Olvido.
backup-too-new-next = Install that version or a newer one.
backup-no-key = the store key is missing: the backup does not open without it.
backup-no-key-next = Say where your copy is: olvido restore FILE --store-key store.key
backup-wrong-key = this backup was made with another store key.
backup-wrong-key-next = Take the key of that store. For another store, choose another directory with --data.
backup-other-key-here = the store.key here is not the one that you gave.
backup-other-key-here-next =
    If yours is right, put it in the place of the one here, and ask again without --store-key.
    For another store, choose another directory with --data.
backup-sales-after = the store here has newer sales: up to ticket { $here }, the backup up to { $backup }. Nothing was changed.
backup-sales-after-next = Go on with the store here. Where olvido verify finds damage, move its directory away first. To look into the backup, restore it into an empty directory: olvido --data DIRECTORY restore FILE
backup-other-store = the store here has other tickets than the backup. Nothing was changed.

restore-needs-series = tickets may have been sold after this backup. Their numbers must not be given again.
restore-needs-series-next =
    Give the till a series that it never had. Until now: { $used }
    olvido restore FILE --series { $next }
restore-bad-series = this is not a series: letters, digits or "-", at most { $longest }.
restore-series-used = the till had the series { $series } already.
restore-finished = The restore that was interrupted is finished.
restore-done =
    Restored: the store as of { $day }, { $time }.
    Last ticket: { $ticket }. Kept purchases: { $purchases }.
restore-clock-behind = The clock says { $clock }: that is before this backup was made, on { $day }. Set the clock. Terms go by it.
restore-unproven = This backup is of Olvido 0.2 or older and has no mark: nobody can tell whether it was changed, or when it was made. Make a new backup now, and delete this one.
restore-past-days = The backup is more than { $days ->
    [one] 1 day
   *[other] { $days } days
} old: by the policy it brings back no purchase that was not here.
restore-replayed = { $count ->
    [0] Nothing in it was known to be forgotten since.
    [one] Forgotten since, and forgotten again: 1
   *[other] Forgotten since, and forgotten again: { $count }
}
restore-unknown = { $count ->
    [one] One kept purchase may have been forgotten after the backup: nothing is left that tells. It is back.
   *[other] { $count } kept purchases may have been forgotten after the backup: nothing is left that tells which. They are back.
}
restore-unknown-next = Forget again those that you know of: olvido purchase forget CODE
restore-takes-over = { $count ->
    [one] The restore takes over one ticket from after the backup, without what was counted of it: products, choice.
   *[other] The restore takes over { $count } tickets from after the backup, without what was counted of them: products, choices.
}
restore-loses-tickets = { $count ->
    [one] One ticket from after the backup is damaged and is not taken over.
   *[other] { $count } tickets from after the backup are damaged, or follow a damaged one, and are not taken over.
}
restore-may-lose-tickets = The last tickets here cannot be read: some from after the backup may be lost, and nothing tells how many.
restore-ends = The restore ends what was kept here after the backup: purchases: { $purchases }, customers: { $customers }.
restore-series = Tickets go on in the series { $series }.

forget-despite = Warning: something that this command does without is not right.
forget-despite-next = What to do about it: olvido verify
forget-key-only =
    Accepted: the key is overwritten, and here nobody can open it any more.
    But the database cannot be read, so the forget could not be noted in it: { $path }
    The forget is complete once a backup is put back. Leave olvido.keys where it is: olvido restore FILE
    What was forgotten now stays forgotten.
forget-no-key = the database cannot be read, and olvido.keys has no key for this: it may be destroyed already, or there never was one.
forget-no-key-next =
    Leave olvido.keys where it is and put a backup back: olvido restore FILE
    What was forgotten stays forgotten. Then forget again, to be sure.
