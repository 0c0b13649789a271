config-not-toml = this line cannot be read.
config-duplicate = this key is already there.
config-unknown-key = there is no key { $key }.
config-missing = { $key } is missing.
config-bad-value = { $key } cannot be { $found }.

config-remedy-toml = Write one key a line, like name = "Sol": texts between quotation marks, numbers and true or false without.
config-remedy-duplicate = Keep one of the two lines.
config-remedy-meant = Perhaps { $key } is meant; else take the line out.
config-remedy-unknown = Take the line out.
config-remedy-missing = Add a line for { $key }.

config-key-taken = { $key } cannot be { $found }, which is { $by } on the same screen.
config-key-writes = { $key } cannot be { $found }, which writes into the input line.
config-remedy-key-taken = Choose another key, or give the other action another one, too.
config-remedy-key-writes = Choose a function key, or add Ctrl or Alt, like "Ctrl+P".

config-want-table = Write it as a line of its own between square brackets, and its keys below.
config-want-text = Write 1 to { $longest } characters between quotation marks, on one line: no payment card.
config-want-tax-id = Write letters, digits, "-", "." or "/", at most { $longest }, between quotation marks.
config-want-language = Write "es" or "en".
config-want-currency = Write "EUR", "USD", "GBP", "CHF", "MXN", "SEK", "DKK", "NOK", "PLN", "CZK" or "JPY".
config-want-series = Write letters, digits or "-", at most { $longest }, between quotation marks.
config-want-dialling-code = Write the country's 1 to 4 digits without zeros before them, between quotation marks, like "34".
config-want-cash-step = Write 1, 5, 10, 50 or 100.
config-want-rate = Write a per cent from 0 to 100 with at most two decimals, like 21 or 5.2.
config-want-yes-no = Write true or false.
config-want-theme = Write "default", "high-contrast" or "plain".
config-want-columns = Write 32, 42 or 48.
config-want-rules = Write rules between square brackets, like [{"{"} prefix = "21", item = 5, value = 5, holds = "price", check = false {"}"}].
config-want-prefix = Write "02", or "20" to "29".
config-want-digits = Write a number from 1 to 9.
config-want-holds = Write "price" or "weight".
config-want-thirteen = Prefix, item, value and check digits must make 13; these make { $count }.
config-want-checked-value = Write check = false: only a value of 4 or 5 digits has a check digit.
config-want-keys = Write keys between square brackets, like ["F10", "Ctrl+P"].

cli-usage = Usage:
cli-option = OPTIONS
cli-options = Options
cli-values = Values
cli-commands = Commands
cli-command = COMMAND
cli-unknown-argument = there is no option or value { $name } here.
cli-unknown-command = there is no command { $name }.
cli-missing-argument = { $name } is missing.
cli-missing-command = a command is missing.
cli-missing-value = { $name } needs a value.
cli-bad-value = { $name } cannot be "{ $value }".
cli-conflict = { $name } cannot stand beside { $other }.
cli-unreadable = these arguments cannot be read.
cli-meant = Perhaps { $name } is meant.
cli-see-help = Add --help to see what is possible.

cli-no-home = there is no place for the store's data: this user has no home directory.
cli-no-home-next = Name a directory: olvido --data DIRECTORY
cli-loose = other users of this computer could read or change the store's files.
cli-loose-place = { $path } has the mode { $mode }.
cli-loose-next = To keep them out, run:
cli-foreign = Olvido only works with files of the user who runs it, and follows no links.
cli-foreign-link = { $path } is a symbolic link.
cli-foreign-link-next = Put the file itself in the place of the link: { $path }
cli-foreign-kind = { $path } is not what has its place there.
cli-foreign-kind-next = Move it away: { $path }
cli-foreign-owner = { $path } belongs to the user { $user }.
cli-foreign-owner-next = Run Olvido as that user. Or, if the file is yours: chown "$(id -u)" { $path }
cli-shared = other users may enter this directory, and it holds other things than a store.
cli-shared-next = Name one of its own: olvido --data { $path }
cli-not-a-directory = this is not a directory.
cli-not-a-directory-next = Name another with --data, or move the file away.
cli-locked = another Olvido is working with this store.
cli-locked-backup = a backup of this store is being made.
cli-locked-backup-next = Wait until it is made, then do it again.
cli-waits-for-backup = A backup is being made. This waits until it is.
cli-locked-by = It is process { $pid }.
cli-locked-next = Close it first, or wait until it is done.
cli-file-missing = there is no such file.
cli-file-missing-next = Check the name and the directory.
cli-file-denied = this user may not use this file.
cli-file-denied-next = Check whose file it is and its mode.
cli-disk-full = the disk is full. Nothing was changed.
cli-disk-full-next = Make room, then try again.
cli-not-text = this file is not text in UTF-8.
cli-not-text-next = Save it as UTF-8, then try again.
cli-unknown-language = Warning: OLVIDO_LANG is no language of Olvido: { $given }. Write es or en.
cli-file-large = this file is larger than any file of its kind.
cli-file-large-next = Look whether it is the right one.
cli-products-large-next = Look whether it is the right one. Many products can be imported in parts.
cli-file-irregular = this is no regular file: it is a directory, a pipe or a device.
cli-file-irregular-next = Put what is to be read into a file, and name that.
cli-file-failed = this file cannot be read or written.
cli-file-failed-next = Check the disk, then try again.
cli-config-refused = the configuration has faults. Nothing was started.
cli-policy-refused = the policy has faults. Nothing was started.
cli-line = line { $line }: { $reason }
cli-no-store = there is no store here yet.
cli-no-store-next = Set one up: olvido init --demo
cli-config-missing = the configuration of this store is missing.
cli-config-missing-next = Put the file back, or bring a backup back: olvido restore FILE
cli-output-failed = the answer could not be written.
cli-output-failed-next = Check where it goes: the disk may be full.
cli-panic = Olvido had to stop: this is a fault of the program.
cli-panic-next = What was sold is kept. Start it again; the log in logs/olvido.log says where it stopped.

help = A point of sale whose memory belongs to the customer. Without a command: the till.
help-init = Sets up a new store.
help-import = Takes in data from other programs.
help-import-products = Imports products from a CSV file.
help-ring = Sells without a screen: one JSON object a line.
help-review = Adds up the sales, by day, tax, department and choice.
help-verify = Checks tickets, sums and files, and that what was forgotten is gone.
help-expire = Destroys what is past its term, and says what day the till goes by.
help-export = Writes data out.
help-export-tickets = Prints the chain of tickets as JSON lines.
help-receipt = Prints a receipt again, by its code.
help-purchase = Shows or forgets one kept purchase.
help-purchase-show = Shows what is kept of a purchase.
help-purchase-forget = Forgets a purchase for good.
help-customer = Shows or forgets a customer.
help-customer-show = Shows all that is kept of a customer.
help-customer-forget = Forgets a customer and all their purchases for good.
help-policy = Shows the policy, or judges a changed one.
help-policy-show = Prints the whole notice, as customers read it.
help-policy-new = Prints the policy of this version, to write your own from.
help-policy-check = Says what a changed policy widens, narrows or steers, or why it is refused.
help-backup = Copies the store into one file.
help-restore = Brings a store back from a backup. What was forgotten stays forgotten.

help-arg-data = Where everything lives; else OLVIDO_DATA, else this user's data directory.
help-arg-lang = Language to speak; else OLVIDO_LANG, else the system's.
help-arg-help = Shows this help.
help-arg-version = Says the version.
help-arg-demo = A demo shop with its catalogue.
help-arg-name = The store's name, as on its tickets.
help-arg-tax-id = Its tax identification number.
help-arg-goods = What it sells, in its own words: a ticket says no more of the goods.
help-arg-language = The language of the till.
help-arg-currency = The currency of prices.
help-arg-init-till = What the shop calls this till.
help-arg-init-series = The series of this till's tickets; each till of a shop has its own.
help-arg-pin = PIN of the first member of staff.
help-arg-staff = Name of the first member of staff.
help-arg-catalogue = A file of products to import.
help-arg-products = A CSV file with a line of headings.
help-arg-dry-run = Shows what would be imported, and changes nothing.
help-arg-skip-bad = Imports the good lines and writes the others to a file.
help-arg-decimal = The decimal sign of the file's numbers.
help-arg-default-tax = Tax rate of products without one, in per cent.
help-arg-requests = A file of sales; else standard input.
help-arg-import = Sales of the past: each says when it was.
help-arg-json = Answers in JSON.
help-arg-day = Only this day.
help-arg-from = From this day.
help-arg-to = Up to this day.
help-arg-clock-is-right = The clock of this machine is right, however far it jumped.
help-arg-code = The code on the receipt.
help-arg-columns = Characters a line.
help-arg-purpose = Why staff look: a return, the guarantee, the customer asks, a complaint, an authority. It is noted. Without it: that nobody said why, or that the code of the receipt was given.
help-arg-identifier = The customer's phone, e-mail or card number.
help-arg-damaged-too = Also forgets what nobody can open here, whoever it is of: its key is damaged or missing.
help-arg-record = Prints the record of processing activities instead (GDPR, article 30).
help-arg-notice-language = Only in this language.
help-arg-changed-policy = The changed policy.
help-arg-backup = The backup.
help-arg-store-key = Where store.key is, if not in the data directory.
help-arg-series = The till's new series of tickets.

cli-busy = another program is using the database.
cli-busy-next = Close it, then try again.
cli-files-gone = a file of the store was removed or replaced while Olvido was working with it. Nothing was sold or forgotten.
cli-files-gone-next = Put the file back as it was, then try again.
cli-year-impossible = the clock says a year that no ticket can bear.
cli-year-impossible-next = Set the clock of this computer, then try again.
cli-too-new = this store was written by a newer Olvido.
cli-too-new-next = Install that version or a newer one.
cli-restore-unfinished = a restore was interrupted.
cli-restore-unfinished-next = Run it again: olvido restore FILE. It is finished where it stopped.
cli-database-missing = the store's database is missing.
cli-damaged = a file of the store is damaged. Nothing was changed.
cli-damaged-next =
    Do not delete anything. Copy the directory first.
    Then put a backup back: olvido restore FILE
cli-database-older = olvido.db and olvido.keys are not of one moment: an earlier copy of one of them was put here, or keys were overwritten. Nothing was changed.
cli-database-older-next =
    Sell nothing with them, or what was sold since is lost, and numbers of tickets are given twice.
    Put the newer file back. If there is none, copy the directory, then: olvido restore FILE
cli-policy-version = the policy was changed, but its version is the same.
cli-policy-version-next = Raise "version" in the policy, then start again.
cli-policy-old = the policy is version { $version }, and version { $newest } was in force already.
cli-wrong-store-key = store.key is not the one that this store was made with.
cli-wrong-store-key-next = Put the right store.key back. Without it, what was kept stays closed.
cli-store-key-gone = store.key is missing or damaged. Nothing was changed.
cli-store-key-gone-next = It is in no backup. Put your own copy of it in its place.
cli-keys-missing = a key file of the store is missing.
cli-store-there = there is a store here already, or part of one.
cli-store-there-next = Choose another directory with --data. To put a store back: olvido restore FILE
cli-no-terminal = the till needs a terminal, and this is none.
cli-no-terminal-next = Start it in a terminal. Without one: olvido ring

init-needs-name = a new store needs a name and a tax id.
init-needs-name-next = Add --name and --tax-id, or --demo.
init-bad-name = the name of a store, and what it sells, have at most { $longest } characters, no control signs and no payment card.
init-bad-name-next = Give others with --name and --goods.
init-bad-pin = a PIN has 4 to 8 digits.
init-bad-pin-next = Give another with --pin.
init-bad-till = a till's name has at most { $longest } characters, a series at most { $longest } letters, digits or "-": no control signs, no payment card.
init-bad-till-next = Give others with --till and --series.
init-bad-catalogue = { $lines ->
    [one] one line of the catalogue cannot be read. No store was made.
   *[other] { $lines } lines of the catalogue cannot be read. No store was made.
}
init-bad-catalogue-next = Mend them, or set up without --catalogue and see them all: olvido import products FILE --dry-run
init-till = till 1
init-goods = food and household
init-staff = Ana
init-done =
    The store "{ $name }" is ready, with { n-products }.
    Its files: { $path }
    PIN: { $pin }
    To sell: olvido

till-choice-gone = the choice is no longer offered: nothing was sold
till-choice-gone-next = Ask the customer again.
till-not-paid = the payment is not complete: nothing was sold
till-not-paid-next = Take the rest.
till-disk-full = the disk is full: the sale is not recorded
till-disk-full-next = Make room, then try again.
till-busy = another program holds the database
till-busy-next = Close other programs and try again.
till-files-gone = a file of the store was removed or replaced: { $name }
till-files-gone-next = Put it back as it was, then start the till again.
till-year-impossible = the clock says an impossible year
till-year-impossible-next = Set the clock of this computer and try again.
till-damaged = a file of the store is damaged
till-damaged-next = Stop selling. Restore a backup.
till-store-failed = the sale could not be recorded
till-store-failed-next = Try again. The log says more.
