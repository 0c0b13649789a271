import-empty = The file is empty.
import-empty-next = Save a line of titles in it, and a line for each product.
import-not-text = The file is no CSV text.
import-not-text-next = Open it in the spreadsheet and save it as CSV.
import-missing-columns = These columns are missing: { $columns }.
import-missing-columns-next = The first line must name them. It now says: { $header }
import-ambiguous = The price "{ $value }" on line { $line } can be read in two ways.
import-mixed = Some prices have a comma ("{ $comma }"), and as many have a dot ("{ $dot }").
import-decimal-next = Say which one is the decimal sign: --decimal , or --decimal .

import-line = Line { $line }: { $reason }
import-in-column = { $column }: { $reason }
import-in-value = { $column } "{ $value }": { $reason }
import-reason = reason

import-missing-name = the name is missing.
import-missing-price = the price is missing.
import-missing-code = a barcode, a sku or a PLU is missing.
import-missing-tax = the VAT rate is missing.
import-not-a-barcode = no barcode of 8, 12, 13 or 14 digits.
import-check-digit = the last digit should be { $expected }.
import-rounded = the spreadsheet has rounded the code. Format the column as text.
import-not-a-plu = a PLU is from 1 to 99999.
import-not-a-price = no price.
import-negative = a price cannot be negative.
import-too-fine = more decimals than the currency has.
import-too-large = too high.
import-price-asked = the price is asked at the sale. Sell it by department.
import-not-a-rate = no VAT rate from 0 to 100.
import-unknown-unit = sold by piece or by kg.
import-not-years = years, from 0 to 100.
import-too-long = longer than 200 characters.
import-control = has control characters.
import-payment-card = looks like a payment card. Take the number out.
import-person = looks like a phone or an e-mail. Take it out.
import-double-barcode = the barcode is already on line { $line }.
import-double-sku = the sku is already on line { $line }.
import-double-plu = the PLU is already on line { $line }.
import-too-many-values = { $values ->
    [one] there is 1 value
   *[other] there are { $values } values
} for { $columns ->
    [one] 1 column
   *[other] { $columns } columns
}. Quote the one with the separator.
import-unclosed-quote = a quotation mark opens here and does not close.

import-field-barcode = barcode
import-field-plu = PLU
import-field-sku = sku
import-field-name = name
import-field-department = department
import-field-price = price
import-field-tax = VAT
import-field-unit = unit
import-field-years = years of life
import-field-variant = variant
import-field-reference = group of variants
import-field-status = status

import-other-department = Other
import-export-of = export from { $program }
import-separator = separator "{ $sign }"
import-tab = tab
import-decimal = decimal "{ $sign }"
import-columns = Columns
import-not-imported = not imported
import-first-products = First products
import-tax-included = Prices are taken with VAT included.
import-counts = { $products ->
    [one] 1 product ready.
   *[other] { $products } products ready.
}
import-counts-refused = { $refused ->
    [one] 1 line refused.
   *[other] { $refused } lines refused.
}
import-counts-left = { $left ->
    [one] 1 line is no product for sale.
   *[other] { $left } lines are no products for sale.
}
import-dry-run = This was a trial: nothing was saved.
import-nothing-done = Nothing was saved. Mend the lines, or import the good ones with --skip-bad.
import-refused-file = The refused lines are in { $path }
import-done = Imported: new: { $added }, updated: { $updated }.
import-progress = { $percent }% · { $seconds } s left
