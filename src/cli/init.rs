//! Making a new store: by the set-up screen, or by `olvido init`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::Opened;
use crate::domain::import::{self, DecimalMark};
use crate::domain::pin::is_pin;
use crate::domain::policy::{self, Policy};
use crate::domain::product::Product;
use crate::domain::settings::{self, Settings};
use crate::locale::Locale;
use crate::seal::private_file;
use crate::store::{Store, StoreError, is_unused};
use crate::ui::screen::setup::{DEMO_PIN, ProductSource, SetupAnswers};

use super::args::InitArgs;
use super::config;
use super::import as import_command;
use super::open::files;
use super::paths::DataDir;
use super::problem::Problem;
use super::run::Session;

/// What a new store starts with.
pub struct NewStore {
    pub store: settings::Store,
    /// The first member of staff.
    pub staff: String,
    /// 4 to 8 digits.
    pub pin: String,
    pub products: Vec<Product>,
}

/// The products of the demo shop.
const DEMO_CATALOGUE: &[u8] = include_bytes!("../../assets/demo-catalogue.csv");

/// The demo shop's products, with names in the shop's language.
pub fn demo_products(store: &settings::Store) -> Vec<Product> {
    let department = Locale::of(store.language).text("import-other-department");
    let settings = import::Settings {
        language: store.language,
        default_tax: None,
        default_department: &department,
        decimals: store.currency.decimals.max(2),
        decimal_mark: Some(DecimalMark::Dot),
    };
    import::read(DEMO_CATALOGUE, &settings).map(|import| import.accepted).unwrap_or_default()
}

/// `olvido init`: the demo shop, or the one that the arguments name.
pub fn run(session: &Session, args: &InitArgs, out: &mut impl io::Write) -> Result<(), Problem> {
    let locale = session.locale();
    let words = |key| locale.text(key).into_owned();
    let refused = |what, next| Err(Problem { what: words(what), place: None, next: Some(words(next)) });
    if !args.demo && (args.name.is_none() || args.tax_id.is_none()) {
        return refused("init-needs-name", "init-needs-name-next");
    }
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
    let mut store =
        settings::Store { language: args.language.unwrap_or(session.language), ..Default::default() };
    store.name = given(&args.name).unwrap_or(store.name);
    store.tax_id = given(&args.tax_id).unwrap_or(store.tax_id);
    store.goods =
        given(&args.goods).unwrap_or_else(|| Locale::of(store.language).text("init-goods").into_owned());
    let staff =
        given(&args.staff).unwrap_or_else(|| Locale::of(store.language).text("init-staff").into_owned());
    let names = [&store.name, &store.goods, &staff].map(|name| settings::Store::named(name));
    let [Some(name), Some(goods), Some(staff)] = names else {
        let longest = [("longest", settings::Store::LONGEST_NAME.into())];
        return Err(Problem {
            what: locale.format("init-bad-name", &longest),
            place: None,
            next: Some(words("init-bad-name-next")),
        });
    };
    (store.name, store.goods) = (name, goods);
    store.currency = args.currency.clone().unwrap_or(store.currency);
    store.till =
        given(&args.till).unwrap_or_else(|| Locale::of(store.language).text("init-till").into_owned());
    store.series = given(&args.series).unwrap_or(store.series);
    let till = settings::Store::till_named(&store.till);
    let Some(till) = till.filter(|_| settings::Store::is_series(&store.series)) else {
        let longest = [("longest", settings::Store::LONGEST_ID.into())];
        return Err(Problem {
            what: locale.format("init-bad-till", &longest),
            place: None,
            next: Some(words("init-bad-till-next")),
        });
    };
    store.till = till;
    let pin = args.pin.clone().unwrap_or_else(|| DEMO_PIN.to_owned());
    if !is_pin(&pin) {
        return refused("init-bad-pin", "init-bad-pin-next");
    }
    let products = match &args.catalogue {
        Some(file) => products_of(file, &store, locale)?,
        None if args.demo => demo_products(&store),
        None => Vec::new(),
    };
    let count = products.len();
    let new = NewStore { store, staff, pin, products };
    create(&session.data, &new, locale, &mut |_, _| {})?;
    let say = [
        ("path", session.data.root().display().to_string().into()),
        ("name", new.store.name.as_str().into()),
        ("products", count.into()),
        ("pin", new.pin.as_str().into()),
    ];
    let _ = writeln!(out, "{}", Locale::of(new.store.language).format("init-done", &say));
    Ok(())
}

/// The products of a file for a new store, all of them or none.
fn products_of(
    file: &Path,
    store: &settings::Store,
    locale: &'static Locale,
) -> Result<Vec<Product>, Problem> {
    let shop = Settings { store: store.clone(), ..Settings::default() };
    let import = import_command::read(file, &import_command::Options::default(), &shop, locale)?;
    if import.refused.is_empty() {
        return Ok(import.accepted);
    }
    Err(Problem {
        what: locale.format("init-bad-catalogue", &[("lines", import.refused.len().into())]),
        place: Some(file.display().to_string()),
        next: Some(locale.text("init-bad-catalogue-next").into_owned()),
    })
}

/// The folder in which a store is made before it is moved into its place, whole.
const UNFINISHED: &str = "unfinished";

/// Makes the store and opens it. A set-up that was cut short leaves nothing in the way of the next.
///
/// Refused where any file of a store is there already.
pub fn create(
    data: &DataDir,
    new: &NewStore,
    locale: &'static Locale,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Opened, Problem> {
    data.create().map_err(|error| Problem::of_paths(&error, locale))?;
    refuse_existing(data, locale)?;
    let remains = members(data).iter().try_for_each(|path| private_file::erase(path).map(drop));
    remains.map_err(|error| Problem::of_file(data.root(), &error, locale))?;
    let workshop = DataDir::at(&data.root().join(UNFINISHED));
    let made = make(&workshop, new, progress).and_then(|()| move_into_place(&workshop, data));
    made.map_err(|error| Problem::of_store(&error, data, locale))?;
    let settings = Settings { store: new.store.clone(), ..Settings::default() };
    let issuer = settings.store.issuer();
    let store = Store::open(&files(data), &issuer, policy::SHIPPED, Policy::shipped())
        .map_err(|error| Problem::of_store(&error, data, locale))?;
    Ok(Opened { store, settings })
}

fn members(data: &DataDir) -> [PathBuf; 5] {
    // The configuration last: where it is, the store is whole. The database first: where it is without a ticket and
    // without the configuration, a set-up was cut short.
    [data.database(), data.store_key(), data.keys(), data.policy(), data.config()]
}

/// Refused where any file of a store is there already, but for what a set-up that was cut short has moved into its
/// place.
pub fn refuse_existing(data: &DataDir, locale: &'static Locale) -> Result<(), Problem> {
    if !data.is_set_up() && is_unused(&data.database()) {
        return Ok(());
    }
    let Some(found) = members(data).into_iter().find(|path| path.exists()) else {
        return Ok(());
    };
    Err(Problem {
        what: locale.text("cli-store-there").into_owned(),
        place: Some(found.display().to_string()),
        next: Some(locale.text("cli-store-there-next").into_owned()),
    })
}

fn make(
    workshop: &DataDir,
    new: &NewStore,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), StoreError> {
    private_file::erase_all(workshop.root())?;
    workshop.create().map_err(|_| io::Error::other("the directory cannot be made"))?;
    private_file::replace(&workshop.policy(), policy::SHIPPED.as_bytes())?;
    private_file::replace(&workshop.config(), config::fill(config::SHIPPED, &new.store).as_bytes())?;
    let mut store = Store::create(&files(workshop), &new.store.issuer(), policy::SHIPPED, Policy::shipped())?;
    store.began_on(crate::app::now().date_naive())?;
    store.add_staff(&new.staff, &new.pin)?;
    store.import_products(&new.products, progress)?;
    store.close()
}

fn move_into_place(workshop: &DataDir, data: &DataDir) -> Result<(), StoreError> {
    for (from, to) in members(workshop).iter().zip(members(data)) {
        fs::rename(from, &to)?;
        // One after the other, so that none is in its place before those that come first.
        private_file::sync_directory_of(&to)?;
    }
    private_file::erase_all(workshop.root())?;
    Ok(())
}

/// Makes the store that the set-up screen asks for. Refused in words of its language.
pub fn from_answers(
    data: &DataDir,
    answers: &SetupAnswers,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Opened, crate::ui::event::Problem> {
    let locale = Locale::of(answers.language);
    let store = settings::Store {
        name: answers.store_name.clone(),
        tax_id: answers.tax_id.clone(),
        goods: answers.goods.clone(),
        language: answers.language,
        currency: answers.currency.clone(),
        till: locale.text("init-till").into_owned(),
        ..Default::default()
    };
    let products = match &answers.products {
        ProductSource::Demo => Ok(demo_products(&store)),
        ProductSource::File(path) => products_of(Path::new(path), &store, locale),
    };
    let made = products.and_then(|products| {
        let new = NewStore { store, staff: answers.staff.clone(), pin: answers.pin.clone(), products };
        create(data, &new, locale, progress)
    });
    made.map_err(|problem| crate::ui::event::Problem {
        what: problem.what,
        remedy: problem.next.unwrap_or_default(),
    })
}
