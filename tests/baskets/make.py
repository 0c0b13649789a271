#!/usr/bin/env python3
"""Makes the form that README.md describes from baskets and a catalogue.

    tests/baskets/make.py catalogue.csv baskets.jsonl [COUNT] | zstd -19 > baskets.txt.zst

catalogue.csv has the columns barcode, price (in units of money) and vat (per cent); baskets.jsonl has a basket a line,
in time order: {"lines": [["barcode", pieces, cents], ...]}. Prices are those of the catalogue, whatever was paid. Left
out are products without a price, lines of no or more than 20 pieces, and baskets of which nothing is left.
"""

import collections
import csv
import decimal
import json
import sys

MOST_PIECES = 20


def goods_of(path):
    """Cents and VAT by barcode."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [(row["barcode"], decimal.Decimal(row["price"]) * 100, row["vat"]) for row in csv.DictReader(file)]
    return {barcode: (int(cents), int(vat)) for barcode, cents, vat in rows if cents > 0}


def baskets_of(path, goods, count):
    """The first `count` baskets, each as pieces by barcode in the order of the lines."""
    baskets = []
    with open(path, encoding="utf-8") as file:
        for row in file:
            pieces = collections.Counter()
            for barcode, quantity, _ in json.loads(row)["lines"]:
                if barcode in goods and 0 < quantity <= MOST_PIECES:
                    pieces[barcode] += quantity
            if pieces:
                baskets.append(pieces)
            if len(baskets) == count:
                break
    return baskets


def main(catalogue, baskets, count=None):
    goods = goods_of(catalogue)
    baskets = baskets_of(baskets, goods, count and int(count))
    sold = sorted({barcode for basket in baskets for barcode in basket})
    numbers = {barcode: number for number, barcode in enumerate(sold, 1)}
    print("# products that are sold: price in cents, VAT in per cent; the first is number 1")
    for barcode in sold:
        print("p", *goods[barcode])
    print("# the others of the price list: price, VAT, how many")
    others = collections.Counter(good for barcode, good in goods.items() if barcode not in numbers)
    for good, many in sorted(others.items()):
        print("o", *good, many)
    print("# baskets: product number and pieces")
    for basket in baskets:
        print("b", *(f"{numbers[b]}*{n}" if n > 1 else numbers[b] for b, n in basket.items()))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(*sys.argv[1:])
