# Why a policy is refused, and what to do.
policy-not-toml = This line cannot be read.
policy-not-toml-remedy = Check its quotes, brackets and equals sign.
policy-duplicate = "{ $key }" is there twice.
policy-duplicate-remedy = Remove one of the two.
policy-unknown-key = "{ $key }" is not a key of a policy.
policy-unknown-key-remedy = Correct its spelling, or remove it.
policy-missing = "{ $key }" is missing.
policy-missing-remedy = Add it; the shipped policy shows how.
policy-bad-value = "{ $key }" has a value that cannot be used.
policy-bad-value-remedy = Write { $expected }.
policy-missing-text = The text "{ $key }" is missing.
policy-missing-text-remedy = Write it, or take its language out of "languages".
policy-text-too-long = The text "{ $key }" is too long for its place.
policy-text-too-long-remedy = Shorten it to { $limit } characters, dates included.
policy-unknown-placeholder = "{ $key }" asks for a value "{ $name }" that it cannot have.
policy-unknown-placeholder-remedy = Remove the braces and what they hold.
policy-missing-placeholder = "{ $key }" does not say what the till will do.
policy-missing-placeholder-remedy = Put {"{"}{ $name }{"}"} into the text; the till fills it in.
policy-no-purpose = "{ $key }" has no purpose.
policy-no-purpose-remedy = Say in every language what the data is for (purpose = "…").
policy-no-basis = "{ $key }" is missing: the data has no legal basis.
policy-no-basis-remedy = Name one: "legal-obligation", "contract" or "consent".
policy-no-term = "{ $key }" is missing: the data would stay forever.
policy-no-term-remedy = Give it an end, such as {"{"} years = 3 {"}"}.
policy-not-mixed = This data is about a person.
policy-not-mixed-remedy = Name a legal basis; only "class.counters" is mixed with others'.
policy-unknown-class = "{ $key }" names "{ $name }", which the policy does not define.
policy-unknown-class-remedy = Define "class.{ $name }", or remove it from the list. The till knows ticket, counters, lines and profile.
policy-unknown-purpose = "{ $key }" names "{ $name }", which the policy does not define.
policy-unknown-purpose-remedy = Define "purpose.{ $name }", or remove it from the list.
policy-unknown-choice = "{ $key }" names "{ $name }", which is not a choice.
policy-unknown-choice-remedy = Define "choice.{ $name }", or name another.
policy-not-in-order = "{ $key }" is not in "order", so nobody could choose it.
policy-not-in-order-remedy = Add it to "order", or remove the choice.
policy-too-many-choices = There are more choices than fit on the screen.
policy-too-many-choices-remedy = Offer at most { $limit }.
policy-no-minimum = No choice keeps the bare legal minimum.
policy-no-minimum-remedy = Add a choice with memory = "none" that keeps only ticket and counters, on a legal obligation.
policy-default-not-minimum = The default keeps more than the law asks for.
policy-default-not-minimum-remedy = Write default = "{ $minimum }".
policy-always-kept = The till keeps "{ $class }" of every sale, and this choice does not say so.
policy-always-kept-remedy = Add "{ $class }" to "keeps".
policy-memory-mismatch = "memory" and "keeps" contradict each other.
policy-memory-mismatch-remedy = "none" keeps ticket and counters, "receipt" also lines, "profile" also lines and profile.
policy-term-without-memory = This choice keeps no articles, so it has no term of its own.
policy-term-without-memory-remedy = Remove "term"; the ticket's term counts.
policy-term-too-long = This choice keeps "{ $class }" longer than its class allows.
policy-term-too-long-remedy = Shorten it, or lengthen "class.{ $class }.term".
policy-last-purchase-of-nobody = Without a profile there is no last purchase of anybody.
policy-last-purchase-of-nobody-remedy = Remove "after": the term counts from the purchase.
policy-purposes-without-profile = Without a profile nobody can tick a purpose.
policy-purposes-without-profile-remedy = Remove "purposes", or set memory = "profile".
policy-keeps-first = A choice that keeps more stands before the one that keeps the least.
policy-keeps-first-remedy = Put "{ $minimum }" first in "order".
policy-same-title = "{ $key }" is the same as the title of "{ $other }".
policy-same-title-remedy = Give each card a title of its own.
policy-not-consent = "{ $key }": whoever is remembered must have consented.
policy-not-consent-remedy = Write basis = "consent" for "class.{ $class }".
policy-beyond-law = "{ $key }" is longer than any law asks for a ticket: { $years } years.
policy-beyond-law-remedy = Shorten it. Tickets: 6 years (Spanish Commercial Code, article 30), at most { $years } (Ley General Tributaria, article 66 bis).
policy-no-last-day = "{ $key }" has no last day: whoever never comes back would be kept forever.
policy-no-last-day-remedy = Give it a term, such as {"{"} years = 3 {"}"}.
policy-old-format = The policy is written as up to version 0.2.0.
policy-old-format-remedy = Print the policy of this version with olvido policy new, put into it what is yours, and keep its line format = 2.
policy-version-not-raised = The policy differs from the one in use, version { $current }, and its version is not higher.
policy-version-not-raised-remedy = Write version = { $next }.

policy-expected-release = { "{" } sales = 5, tickets = 32, longest = 1600 { "}" }, or more of each
policy-expected-number = a whole number from 1
policy-expected-text = one line of text between quotes
policy-expected-list = a list of texts, such as ["one", "two"]
policy-expected-table = a table with keys of its own
policy-expected-term = {"{"} years = 3 {"}"} (1 to 100), {"{"} years = 3, after = "last-purchase" {"}"} or {"{"} days = 30 {"}"} (1 to 36500)
policy-expected-id = a name of 1 to 32 lower-case letters, digits and hyphens

# What a changed policy does.
policy-widens = Widens
policy-narrows = Narrows
policy-rewords = Says it differently
policy-choice-added = new choice "{ $choice }"
policy-choice-removed = choice "{ $choice }" is gone
policy-class-added = "{ $choice }" also keeps { $class }
policy-class-removed = "{ $choice }" no longer keeps { $class }
policy-memory-changed = "{ $choice }" keeps the articles as "{ $to }" instead of "{ $from }"
policy-choice-term = "{ $choice }" keeps the articles for { $to } instead of { $from }
policy-class-term = { $class }: at most { $to } instead of { $from }
policy-class-basis = { $class }: on { $to } instead of { $from }
policy-purpose-added = "{ $choice }" offers the purpose "{ $purpose }"
policy-purpose-removed = "{ $choice }" no longer offers the purpose "{ $purpose }"
policy-detail = of what was sold the ticket keeps { $to } instead of { $from }
policy-detail-shop = only what the store sells
policy-detail-department-names = the names of the departments
policy-detail-departments = the amount of each department
policy-detail-products = each item with its amount
policy-default = the default is "{ $to }" instead of "{ $from }"; both keep the minimum
policy-order = the choices stand in another order
policy-release = sales of a product / tickets / longest before its count is told: { $to } instead of { $from }
policy-backup-days = what a backup can bring back: { $to } instead of { $from }
policy-no-end = without an end
policy-language-added = { $language } is a new language
policy-language-removed = { $language } is no longer a language
policy-language-es = Spanish
policy-language-en = English
policy-text = the words of "{ $place }" in { $language }

policy-ticket = the tax ticket
policy-counters = the counts
policy-lines = the articles
policy-profile = the profile
policy-years = { $count ->
    [one] 1 year
   *[other] { $count } years
}
policy-days = { $count ->
    [one] 1 day
   *[other] { $count } days
}
policy-years-after-last = { $count ->
    [one] 1 year after the last purchase that was remembered
   *[other] { $count } years after the last purchase that was remembered
}
policy-customer = as long as the customer wants

# The commands policy show and policy check.
policy-accepted = { $file }: the policy can be used.
policy-same = It keeps and says the same as the one in use.
policy-refused = { $file }: the policy cannot be used. { $count ->
    [one] One reason:
   *[other] { $count } reasons:
}
policy-line = { $file }, line { $line }: { $reason }
policy-version = Policy, version { $version }

# What in a policy may steer a customer.
policy-warning = { $file }, line { $line }: warning: { $reason }
policy-steers = "{ $key }" says "{ $word }", which may steer.
policy-steers-remedy = Say what is kept and until when, and let the customer judge.
policy-foreign = "{ $key }" writes "{ $word }" with letters that are not Latin.
policy-foreign-remedy = Type the word again: such letters only look like the right ones.
policy-denies = "{ $key }" says "{ $word }", and the articles are kept.
policy-denies-remedy = Say on the card what is kept.
policy-nobody = "{ $key }" is "{ $word }".
policy-nobody-remedy = Name the company or person who answers for the data.
policy-sign = "{ $key }" has the sign "{ $sign }".
policy-sign-remedy = Say it in words, without ornament.
policy-number = "{ $key }" has the number { $number }, and each card is chosen by a number.
policy-number-remedy = Take it out: the till shows the numbers of all cards alike.
policy-leading = "{ $key }" is not an open question.
policy-leading-remedy = Ask with what, which or how. For example: "What should we remember of this purchase?".
policy-exclamation = "{ $key }" has an exclamation mark.
policy-exclamation-remedy = Write it as a plain sentence.
policy-capitals = "{ $key }" writes "{ $word }" in capitals.
policy-capitals-remedy = Use small letters: all cards speak equally loud.
policy-uneven = "{ $key }" has { $longest } characters, and the same text of another card { $shortest }.
policy-uneven-remedy = Make them about equally long, so that none looks like more.
policy-long-term = "{ $key }" is longer than 6 years.
policy-long-term-remedy = The Spanish Commercial Code asks for 6 years (article 30). More only if your adviser says so (Ley General Tributaria, article 66 bis).
policy-long-backups = "{ $key }": a backup could bring a forgotten purchase back for { $days ->
    [one] 1 day.
   *[other] { $days } days.
}
policy-long-backups-remedy = Make newer backups and shorten it: 30 days are usual.

# The record of processing activities.
record-title = Record of processing activities (GDPR, article 30)
record-version = As of { $day }, policy version { $version }
record-purpose = Purpose
record-basis = Basis
record-persons = Persons
record-data = Data
record-recipients = Recipients
record-term = Term
record-term-sooner = sooner, if the customer asks for it
record-ticket-persons = whoever buys; the ticket does not say who
record-ticket-recipients = the tax office; for card payments the banks; whoever runs the hub, if there is one
record-counters-persons = whoever buys; no count names anyone
record-counters-recipients = nobody outside the store; whoever runs the hub, if there is one
record-lines-persons = customers who choose it
record-lines-recipients = nobody outside the store; whoever runs the hub, if there is one, has a sealed copy, its key kept apart
record-profile-persons = customers who choose it
record-profile-recipients = nobody outside the store; whoever runs the hub, if there is one, has a sealed copy, its key kept apart
record-staff = Staff
record-staff-purpose = Opening the till, knowing who sells, and under which name of this computer somebody looked at a kept purchase.
record-staff-basis = The contract of employment (GDPR, article 6(1)(b))
record-staff-persons = whoever sells
record-staff-data = name, a fingerprint of the PIN, and the user name of the computer at each look
record-staff-recipients = nobody
record-staff-term = as long as they sell here
record-transfers = Transfers to third countries
record-transfers-none = None by this program. The hub is where the store has put it.
record-security = Security measures
record-security-sealed = What is personal is sealed, each purchase and profile under a key of its own.
record-security-keys = The keys are in a file of their own, wrapped by one that stays with the store.
record-security-access = Only the system's user of the till can read the files; the screen is locked by a PIN; each look is noted.
record-security-forget = Forgetting overwrites the key, on every copy; olvido verify checks it.
record-security-backups = Backups do not hold the key of the store.
record-security-travel = What goes to the hub travels encrypted, to a hub whose certificate the till knows.
