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

config-want-table = Write it as a line of its own between square brackets, and its keys below.
config-want-text = Write 1 to { $longest } characters between quotation marks, on one line.
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
