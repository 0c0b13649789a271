//! `olvido hub publish`.

use std::io::{self, IsTerminal, Write};

use crate::cli::args::{HubPublishPolicyArgs, HubPublishProductsArgs};
use crate::cli::import::{self, Bar, Ended, Options};
use crate::cli::policy::effects;
use crate::cli::problem::Problem;
use crate::cli::run::{DONE, REFUSED, Session, read, written};
use crate::domain::import::DecimalMark;
use crate::domain::policy::{Policy, judge};
use crate::domain::product::Product;
use crate::domain::quantity::Unit;
use crate::domain::settings::Settings;
use crate::store::Imported;
use crate::sync::hub::{HubError, Published};
use crate::sync::wire::ProductChange;

impl Session {
    /// Reads the file as `olvido import products` does, and sends what has changed.
    pub(super) fn hub_publish_products(
        &self,
        args: &HubPublishProductsArgs,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        let hub = self.existing_hub(&args.store.hub)?;
        let store = self.hub_store(&hub, &args.store)?;
        let options = Options {
            dry_run: args.dry_run,
            skip_bad: args.skip_bad,
            decimal: args.decimal.and_then(DecimalMark::from_sign),
            default_tax: args.default_tax,
        };
        let mut shop = Settings::default();
        shop.store.language = self.language;
        if let Some(currency) = &args.currency {
            shop.store.currency = currency.clone();
        }
        let mut published = Published::default();
        let mut bar = Bar::new(io::stderr(), io::stderr().is_terminal(), self.locale());
        let write = |products: &[Product], _: &mut dyn FnMut(usize, usize)| {
            let changes: Vec<ProductChange> = products.iter().map(change).collect();
            published = hub
                .publish_products(&store, &changes)
                .map_err(|error| self.hub_failed(&error, &args.store.hub))?;
            Ok(Imported { added: published.added, updated: published.changed })
        };
        let ended = import::products(&args.file, &options, &shop, self.locale(), out, &mut bar, write)?;
        match ended {
            Ended::Refused => return Ok(REFUSED),
            Ended::Previewed { bad_lines } => return Ok(if bad_lines == 0 { DONE } else { REFUSED }),
            Ended::Imported(_) => {}
        }
        let counts = [
            ("store", store.into()),
            ("sent", (published.added + published.changed).into()),
            ("unchanged", published.unchanged.into()),
        ];
        self.say(&self.locale().format("hub-published", &counts), out)
    }

    pub(super) fn hub_publish_policy(
        &self,
        args: &HubPublishPolicyArgs,
        out: &mut impl Write,
    ) -> Result<u8, Problem> {
        let locale = self.locale();
        let text = read(&args.file, locale)?;
        let policy =
            Policy::parse_new(&text).map_err(|errors| Problem::of_policy(&args.file, &errors, locale))?;
        let hub = self.existing_hub(&args.store.hub)?;
        let store = self.hub_store(&hub, &args.store)?;
        let published = hub.publish_policy(&store, &text).map_err(|error| match error {
            HubError::Invalid("version") => Problem {
                place: Some(args.file.display().to_string()),
                ..self.refusal("hub-policy-old", "hub-policy-old-next")
            },
            error => self.hub_failed(&error, &args.store.hub),
        })?;
        let told = [("store", store.into()), ("version", published.version.into())];
        self.say(&locale.format("hub-policy-published", &told), out)?;
        let before = published.before.and_then(|text| Some((Policy::parse(&text).ok()?, text)));
        let (before, in_use) = before.unwrap_or_else(|| (policy, text.clone()));
        let changes = judge(&before, &in_use, &text).unwrap_or_default();
        written(effects(&changes, &text, &args.file.display().to_string(), locale, out), locale)?;
        Ok(DONE)
    }
}

fn change(product: &Product) -> ProductChange {
    ProductChange {
        v: 1,
        barcode: product.barcode.map(|barcode| barcode.number()),
        plu: product.plu,
        sku: product.sku.clone(),
        name: product.name.clone(),
        department: product.department.clone(),
        price: product.price.0,
        tax: product.tax.0,
        weighed: product.unit == Unit::Kilogram,
        durable_years: product.durable_years,
    }
}
