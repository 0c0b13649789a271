help-sync = Speaks with the hub.
help-sync-enrol = Gives this till its identity at a hub.
help-sync-now = Exchanges with the hub until nothing waits.
help-sync-status = Shows what waits, and for whom.
help-arg-hub-url = The hub's address: https://NAME:PORT
help-arg-enrol-code = The code that the hub shows for this till.
help-arg-till-name = What the hub calls this till.

sync-line-synced = synced
sync-line-waiting = { $count } waiting
sync-line-since = { $count } waiting since { $since }
sync-line-unreachable = hub unreachable
sync-line-unreachable-since = hub unreachable · { $count } waiting since { $since }
sync-line-no-hub = no hub
sync-line-no-hub-since = no hub · { $count } since { $since }
sync-line-no-hub-waiting = no hub · { $count } waiting
sync-line-certificate = another hub's certificate: enrol again
sync-line-certificate-short = enrol again
sync-line-conflict = conflict at the hub: enrol again
sync-line-conflict-short = conflict: enrol
sync-line-restored = restored: enrol again at the hub
sync-line-restored-short = restored: enrol
sync-line-revoked = revoked at the hub: enrol again
sync-line-revoked-short = revoked: enrol
sync-line-unknown = unknown at the hub: enrol again
sync-line-unknown-short = unknown: enrol
sync-line-unread = the hub says what this program cannot read: update it
sync-line-unread-short = update Olvido

sync-bad-address = this is not a hub's address.
sync-bad-address-next = Write it as the hub shows it: https://NAME:PORT
sync-plain-address = without encryption a hub can only be on this computer.
sync-plain-address-next = Write https:// before the hub's name.
sync-bad-code = this is not an enrolment code: { $what }
sync-bad-code-store = the store's name is missing at its beginning.
sync-bad-code-length = after the store's name there are 26 letters and digits.
sync-bad-code-symbol = "{ $symbol }" is in no code.
sync-bad-code-next = Compare it with what the hub shows. For a new one, at the hub: olvido hub enrol --store NAME
sync-code-refused = the hub does not take this code.
sync-code-refused-next =
    It counts for ten minutes and once. For a new one, at the hub: olvido hub enrol --store NAME
sync-false-hub = who answers there does not know the code. The till was not enrolled.
sync-false-hub-next = Check the address. Perhaps somebody stands between the till and its hub.
sync-bad-name = a till's name has 1 to { $longest } characters.
sync-bad-name-next = Give another: --name TEXT
sync-enrolled =
    This till is enrolled at { $hub }, as "{ $name }" of the store { $store }.
    Waiting to be sent: { $waiting }. The till sends them by itself; at once with: olvido sync now
sync-enrolled-key = The hub's certificate: { $pin }

sync-not-enrolled = this till has no hub.
sync-not-enrolled-next = At the hub: olvido hub enrol --store NAME. Then here: olvido sync enrol ADDRESS CODE

sync-unreachable = the hub cannot be reached.
sync-unreachable-next = Nothing is lost: the till goes on selling, and tries again by itself.
sync-not-a-hub = what answers there is not a hub of Olvido.
sync-not-a-hub-next = Check the hub's address, and what stands between.
sync-certificate = the hub shows another certificate than the one that this till knows. Nothing was sent.
sync-certificate-next = Perhaps somebody stands between. If the hub really has a new one, enrol again: olvido sync enrol ADDRESS CODE
sync-refused = the hub refused: { $status } { $word }
sync-refused-next = Nothing is lost: it is tried again. The hub's log says more.
sync-enrol-failed-next = Nothing was changed here. Check the address, and try again: olvido sync enrol ADDRESS CODE
sync-unknown-till = the hub does not know this till.
sync-conflict = the hub has something else under a number of this till: perhaps its disk was copied. Nothing more is sent.
sync-restored = this till was restored from a backup: what it says next could contradict what the hub has. Nothing more is sent.
sync-revoked = the hub takes this till no longer. Nothing more is sent.
sync-enrol-again = The till goes on selling. Enrol it again: olvido sync enrol ADDRESS CODE
sync-unread = what is to be sent cannot be read.
sync-unread-next = See: olvido verify

sync-hub = Hub
sync-till = Till
sync-till-of = { $device }, of the store { $store }
sync-state = State
sync-state-done = everything is at the hub
sync-state-waiting = there is something to send
sync-state-conflict = conflict: enrol again
sync-state-restored = restored from a backup: enrol again
sync-state-revoked = revoked: enrol again
sync-state-unread = what comes from the hub stands still: update Olvido
sync-waiting = Waiting to be sent
sync-waiting-since = { $count }, since { $since }
sync-series-ticket = tickets
sync-series-count = counts
sync-series-purchase = kept purchases
sync-series-forget = forgets
sync-forgets = Forgets that not every copy has confirmed
sync-contact = Last answer of the hub
sync-contact-never = none yet
sync-done = Everything is at the hub, and what came from there is carried out.
sync-left = { $count ->
    [one] One record still waits.
   *[other] { $count } records still wait.
}
sync-unread-down = the hub asks to forget in a way that this program cannot read. What comes from there stands still, and no forget of it is confirmed.
sync-unread-down-next = The till goes on selling and sending. Update Olvido here: it is read then.
sync-left-down = What comes from the hub is not all carried out yet.

sync-forget-accepted = Accepted. It goes to the hub, and from there to every till that holds a copy: not all of them have confirmed yet.
sync-forget-progress = Accepted. Confirmed on { $confirmed } of { n-copies }.
sync-forget-lost = { $lost ->
    [one] One copy is at a till that was revoked, and will never confirm.
   *[other] { $lost } copies are at tills that were revoked, and will never confirm.
}
sync-forget-complete = Complete: confirmed on { $copies ->
    [one] the only copy.
   *[other] all { $copies } copies.
}
sync-forget-elsewhere = This till has no purchase with this code. If another till of the store holds it, it is forgotten there.
sync-forgotten-accepted = beyond its ticket and the counts, nothing is kept of this purchase here: it is forgotten. The other copies have not confirmed yet.
sync-forgotten-progress = beyond its ticket and the counts, nothing is kept of this purchase here: it is forgotten. Confirmed on { $confirmed } of { n-copies }.
sync-forgotten-complete = beyond its ticket and the counts, nothing is kept of this purchase: it is forgotten, and confirmed on { $copies ->
    [one] the only copy.
   *[other] all { $copies } copies.
}

sync-review = Forgets on their way to other copies
sync-review-forgets = forgets
sync-review-copies = copies still to confirm
sync-review-unsaid = not yet answered by the hub
