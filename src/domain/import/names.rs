//! What columns are called, in shops' own files and in other programs' exports.

use super::header::{Field, Source};

/// Names of columns, folded, the likelier first. Where a file has several columns for a field, the
/// first one that is filled counts.
pub(super) const NAMES: [(Field, &[&str]); 10] = [
    (
        Field::Barcode,
        &[
            "barcode",
            "codigo de barras",
            "codigo barras",
            "cod barras",
            "ean",
            "ean13",
            "ean 13",
            "gtin",
            "upc",
            "bar code",
            "barcodes",
            "ean upc",
            "codigo ean",
            "codigo",
            "code",
        ],
    ),
    (Field::Plu, &["plu", "codigo plu", "plu code", "tecla plu", "numero plu", "plu number"]),
    (
        Field::Sku,
        &[
            "sku",
            "referencia",
            "reference",
            "ref",
            "referencia interna",
            "internal reference",
            "codigo interno",
            "item code",
            "product code",
            "codigo articulo",
            "codigo de articulo",
            "codigo de producto",
            "codigo producto",
            "item number",
        ],
    ),
    (
        Field::Name,
        &[
            "name",
            "nombre",
            "product",
            "producto",
            "product name",
            "nombre del producto",
            "nombre de producto",
            "nombre producto",
            "item",
            "item name",
            "articulo",
            "nombre articulo",
            "nombre del articulo",
            "title",
            "titulo",
            "denominacion",
        ],
    ),
    (
        Field::Department,
        &[
            "department",
            "departamento",
            "seccion",
            "section",
            "category",
            "categoria",
            "categories",
            "categorias",
            "product category",
            "categoria de producto",
            "categoria del producto",
            "familia",
            "family",
            "grupo",
            "group",
        ],
    ),
    (
        Field::Price,
        &[
            "price",
            "precio",
            "pvp",
            "p v p",
            "precio de venta",
            "precio venta",
            "sales price",
            "sale price",
            "selling price",
            "retail price",
            "unit price",
            "precio unitario",
            "precio con iva",
            "precio iva incluido",
            "pvp iva incluido",
            "importe",
        ],
    ),
    (
        Field::Tax,
        &[
            "vat",
            "iva",
            "tax",
            "tax rate",
            "vat rate",
            "tipo iva",
            "tipo de iva",
            "tipo impositivo",
            "impuesto",
            "impuestos",
            "taxes",
            "porcentaje iva",
            "iva porcentaje",
            "customer taxes",
            "impuestos de cliente",
            "impuestos cliente",
            "sales taxes",
            "impuestos de venta",
        ],
    ),
    (
        Field::Unit,
        &[
            "unit",
            "unidad",
            "unidad de medida",
            "unit of measure",
            "units",
            "uom",
            "ud",
            "medida",
            "unidad de venta",
            "unit and precision",
            "sold by",
            "vendido por",
        ],
    ),
    (Field::Weighed, &["sold by weight", "por peso", "a peso", "a granel", "granel", "pesado", "weighed"]),
    (
        Field::DurableYears,
        &[
            "durable years",
            "durable",
            "anos de garantia",
            "anos garantia",
            "garantia",
            "garantia anos",
            "guarantee years",
            "warranty years",
            "warranty",
            "years",
            "anos",
            "anos de vida",
            "vida util",
        ],
    ),
];

/// Names that mean something in one program's export only.
pub(super) const NAMES_OF: [(Source, Field, &[&str]); 19] = [
    (Source::Square, Field::Name, &["item name"]),
    (Source::Square, Field::Reference, &["token", "reference handle"]),
    (Source::Square, Field::Variant, &["variation name"]),
    (Source::Square, Field::Department, &["reporting category"]),
    (Source::Square, Field::Status, &["archived"]),
    (Source::Shopify, Field::Name, &["title"]),
    (Source::Shopify, Field::Reference, &["handle", "url handle"]),
    (Source::Shopify, Field::Sku, &["variant sku"]),
    (Source::Shopify, Field::Barcode, &["variant barcode"]),
    (Source::Shopify, Field::Price, &["variant price"]),
    (Source::Shopify, Field::Department, &["type", "custom product type"]),
    (Source::Shopify, Field::Status, &["status"]),
    (Source::Shopify, Field::Taxable, &["variant taxable", "charge tax"]),
    (Source::Shopify, Field::Variant, &["option1 value", "option2 value", "option3 value"]),
    (Source::Loyverse, Field::Reference, &["handle"]),
    (Source::Loyverse, Field::Variant, &["option 1 value", "option 2 value", "option 3 value"]),
    (Source::Loyverse, Field::Price, &["default price"]),
    (Source::Odoo, Field::Sku, &["default code"]),
    (Source::Odoo, Field::Reference, &["external id", "id", "id externo", "identificador externo"]),
];

/// Whose export has these columns.
pub(super) fn recognise(folded: &[String]) -> Source {
    let has = |name: &str| folded.iter().any(|column| column == name);
    let begins = |name: &str| folded.iter().any(|column| column.starts_with(name));
    let odoo = [
        "internal reference",
        "sales price",
        "product category",
        "customer taxes",
        "unit of measure",
        "product type",
        "external id",
        "available in pos",
        "referencia interna",
        "impuestos de cliente",
        "categoria de producto",
        "tipo de producto",
        "unidad de medida",
        "id externo",
    ];
    if has("item name") && has("variation name") {
        Source::Square
    } else if (has("handle") || has("url handle"))
        && has("title")
        && (has("variant price") || has("option1 value") || has("variant sku"))
    {
        Source::Shopify
    } else if has("handle")
        && has("name")
        && (has("sold by weight")
            || has("track stock")
            || has("default price")
            || begins("available for sale"))
    {
        Source::Loyverse
    } else if odoo.iter().filter(|name| has(name)).count() >= 2 {
        Source::Odoo
    } else {
        Source::Plain
    }
}
