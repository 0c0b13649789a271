help-hub = A hub for the tills of a shop or a chain.
help-hub-serve = Serves the tills until it is stopped.
help-hub-enrol = Makes a code with which one till joins a store.
help-hub-devices = Lists the tills of each store and what they have brought.
help-hub-revoke = Shuts a till out: from here on nothing it says counts.
help-hub-publish = Sends products or a policy to the tills of a store.
help-hub-publish-products = Sends the products of a CSV file.
help-hub-publish-policy = Sends a policy.
help-hub-report = Adds up the sales of each store, by day, tax and choice.
help-hub-verify = Checks signatures, chains and sums, and that what was forgotten is gone.
help-hub-backup = Copies the hub into one file.
help-hub-restore = Brings a hub back from a backup. What was forgotten stays forgotten.

help-arg-database = Where its database is; else OLVIDO_HUB_DATABASE, else a file in the hub's directory.
help-arg-keys-database = Where several hubs share their keys; else OLVIDO_HUB_KEYS_DATABASE, else a file in the directory.
help-arg-hub-store = Which store; may be left out where there is only one.
help-arg-listen = Where to listen.
help-arg-cert = A certificate in PEM; made at the first start where none is given.
help-arg-certificate-key = Its private key in PEM.
help-arg-plain = Without TLS: on this computer, or behind the proxy that hub.toml names.
help-arg-replace = The till that the new one takes the place of: its id or name.
help-arg-device = The till's id, its first digits, or its name.
help-arg-published-policy = The policy.
help-arg-hub-backup = The backup.

config-want-addresses = Write addresses between square brackets, like ["10.0.0.5"].
config-want-fingerprint = Write the 64 digits of the certificate's fingerprint between quotation marks.

hub-serving = The hub serves at { $url }
hub-database = Database: { $database }
hub-fingerprint = Certificate: { $fingerprint }
hub-stop = To stop it: Ctrl+C
hub-state-file = All in one file on this computer. Back it up: olvido hub backup FILE
hub-state-synchronous = Every record is on a second node before the hub says that it has it.
hub-state-asynchronous = Attention: synchronous replication is off. A record is on one node only when the hub says that it has it.
hub-state-unconfirmed = Attention: synchronous replication is on, and no standby is seen. Start one, or give the hub's role pg_monitor.
hub-state-unknown = The database does not say how it is.

hub-code = A code for one till of the store { $store }, good once and for { $minutes } minutes, until { $time }:
hub-code-at-the-till = At the till:
hub-code-not-serving = The hub does not serve yet. Start it: olvido hub serve

hub-devices-of = Store { $store }
hub-devices-none = no tills
hub-device = { $name }, epoch { $epoch }, { $state }, seen { $seen }
hub-device-active = active
hub-device-closed = closed
hub-device-revoked = revoked
hub-device-never = never
hub-device-has = has brought { n-tickets }, { n-purchases }, { n-forgets }
hub-device-behind = { $count ->
    [one] 1 change waits for it.
   *[other] { $count } changes wait for it.
}
hub-device-conflicts = { $count ->
    [one] Attention: 1 record came with two contents. Enrol this till again.
   *[other] Attention: { $count } records came with two contents. Enrol this till again.
}
hub-device-owes = Its forgets are not complete here since the hub was restored.
hub-revoked = { $name } is shut out. What it still holds will not be confirmed as forgotten.
hub-revoked-before = { $name } was shut out before.

hub-bad-environment = OLVIDO_HUB_DATABASE is no database's address.
hub-bad-keys-environment = OLVIDO_HUB_KEYS_DATABASE is no database's address.
hub-bad-environment-next = Write sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME
hub-bad-store = a store cannot be called that.
hub-bad-store-next = Write 1 to 32 signs: letters without accents, digits and "_". No payment card's number.
hub-no-such-store = the hub has no such store.
hub-which-store = the hub has more than one store.
hub-which-store-next = Name one of these with --store: { $stores }
hub-none = there is no hub here.
hub-none-next = Say where it is with --data, or make one by enrolling its first till: olvido hub enrol --store NAME
hub-no-store = the hub has no store yet.
hub-no-store-next = Make one by enrolling its first till: olvido hub enrol --store NAME
hub-no-such-device = the store has no such till.
hub-no-such-device-next = See which there are: olvido hub devices
hub-which-device = more than one till is meant.
hub-which-device-next = Give its id, as in: olvido hub devices
hub-unreachable = the database cannot be reached.
hub-unreachable-next = Check that it runs, its address, and the user and password.
hub-not-replicated = no standby has confirmed it: it may be lost with this node.
hub-not-replicated-next = Check the standbys, then do it again.
hub-damaged = a file or table of the hub is damaged. Nothing was changed.
hub-damaged-next = Copy the hub's directory and database first. Then put a backup back: olvido hub restore FILE
hub-database-failed = the database refuses.
hub-database-failed-next = Check its own log, then try again.
hub-wrong-key = hub.key is not the one that this hub was made with.
hub-wrong-key-next = Put the right hub.key back. Without it, what was kept stays closed.
hub-keys-missing = a key file of the hub is missing.
hub-keys-elsewhere = another process already serves from this directory.
hub-keys-elsewhere-next = Stop it first, or give this one another directory with --data.
hub-other-keys = these keys are not those of this database.
hub-other-keys-next = Give the directory or the --keys-database that it was used with.
hub-restore-unfinished = a restore was interrupted.
hub-restore-unfinished-next = Run it again: olvido hub restore FILE
backup-without-keys = this backup holds no keys: its hubs shared theirs in a database.
backup-without-keys-next = Name that database with --keys-database.
backup-other-mark = this backup was made under another hub.key, or somebody has changed it. Nothing was changed here.
backup-other-mark-next = Put the hub.key of that hub in its place, or try another backup.
hub-backup-unfinished = another backup of this hub is being made, or an interrupted one has left something that cannot be erased now.
hub-backup-unfinished-next = Wait until it is made. If none is being made, see what to do: olvido hub verify
backup-other-keys = the keys that are here are another hub's: with them, all purchases of the backup would count as forgotten.
backup-other-keys-next = Put back the keys that belong to it. Where they are lost, begin a new hub and enrol the tills again: they bring all that they have.
hub-refused = the hub refuses.
hub-refused-next = Add --help to see what is possible.
hub-no-certificate = this file has no certificate in PEM.
hub-no-certificate-next = Give one that begins with -----BEGIN CERTIFICATE-----
hub-no-key = this file has no private key in PEM that can be used.
hub-no-key-next = Give the certificate's key, without a password.
hub-not-its-key = this key is not that of the certificate.
hub-not-its-key-next = Give the two files that were made together.
hub-not-made = no certificate could be made.
hub-not-made-next = Give one: --cert FILE --key FILE
hub-plain = without TLS everybody on the way could read along.
hub-plain-next =
    Leave --plain away, or listen on 127.0.0.1.
    Behind a proxy with TLS, name it in hub.toml: proxy = ["10.0.0.5"]
hub-address-taken = another program listens there.
hub-address-taken-next = Stop it, or choose another port: --listen 127.0.0.1:7979
hub-address-denied = this user may not listen there.
hub-address-denied-next = Choose a port from 1024 on: --listen 127.0.0.1:7979
hub-address-none = this computer has no such address.
hub-address-none-next = Give one of its own, or 0.0.0.0 for all: --listen 0.0.0.0:7878
hub-listen-failed = the hub cannot listen there.
hub-listen-failed-next = Check the address, then try again.
hub-published = { $sent ->
    [one] The tills of { $store } are sent 1 product.
   *[other] The tills of { $store } are sent { $sent } products.
} { $unchanged ->
    [0] None was there already.
    [one] 1 is as it was.
   *[other] { $unchanged } are as they were.
}
hub-policy-published = The tills of { $store } are sent version { $version } of the policy.
hub-policy-old = the hub has sent this version of the policy already, or a newer one.
hub-policy-old-next = Raise "version" in the policy, then publish it again.

hub-not-told = not told yet
hub-quarantined = { $count ->
    [one] Attention: 1 record breaks a rule and is in no sum ({ $reasons }).
   *[other] Attention: { $count } records break a rule and are in no sum ({ $reasons }).
}
hub-conflicts = { $count ->
    [one] Attention: 1 record came with two contents; both are kept.
   *[other] Attention: { $count } records came with two contents; both are kept.
}

hub-looked-at = Looked at: { n-stores }, { n-records }, { n-tickets }, { n-purchases }, of which erased: { $erased }.
hub-verify-quarantined = { $count ->
    [one] 1 record breaks a rule: see olvido hub report
   *[other] { $count } records break a rule: see olvido hub report
}
hub-found-database = A row of the database cannot be read: { $subject }
hub-found-missing = A record is missing: { $subject }
hub-found-changed = A record is not what its till signed: { $subject }
hub-found-signature = A run of records is not signed by its till: { $subject }
hub-found-unsound = A ticket was taken as sound and is not: { $subject }
hub-found-chain = A ticket does not continue the chain: { $subject }
hub-found-sums = The sums are not those of the records: { $subject }
hub-found-key-kept = The key of something forgotten is still there: { $subject }
hub-found-bytes-kept = The bytes of something forgotten are still there: { $subject }
hub-found-key-unused = A key seals nothing: { $subject }
hub-found-key-missing = The key of a purchase is gone: { $subject }
hub-found-key-damaged = A slot of hub.keys is damaged: { $subject }
hub-found-unopened = A purchase does not open with its key: { $subject }
hub-found-list = The list of what was erased and the database disagree: { $subject }
hub-found-pending = A forget is not complete here: { $subject }
hub-found-records-next = Copy the hub's directory and database, then restore a backup; the tills send again what it lacks.
hub-found-kept-next = Start the hub: it finishes what was left over. Then verify again.
hub-found-sealed-next = Restore hub.keys with the database from a backup; the tills still have their own copies.

hub-backup-made =
    The backup is { $file } ({ $size } kB): { n-records }, { n-purchases }.
    It opens with { $key } alone: keep a copy of that elsewhere.
    Keep { $list } as well: it says what was forgotten since.
hub-restored =
    Restored: { n-stores }, { n-records }, { n-purchases }, of which forgotten since: { $erased }.
    The tills bring what came after the backup, and everything they have forgotten, when the hub serves again.
hub-not-empty = the hub's database is not empty.
hub-not-empty-next = Name an empty one with --database, or move the old one away. Leave hub.key, hub.keys and erased.log where they are.
