//! Making a new store: by the set-up screen, or by `olvido init`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::app::Opened;
use crate::domain::policy::{self, Policy};
use crate::domain::product::Product;
use crate::domain::settings::{self, Settings};
use crate::locale::Locale;
use crate::store::{Store, StoreError};

use super::config;
use super::open::files;
use super::paths::{DataDir, write_private};
use super::problem::Problem;

/// What a new store starts with.
pub struct NewStore {
    pub store: settings::Store,
    /// The first member of staff.
    pub staff: String,
    /// 4 to 8 digits.
    pub pin: String,
    pub products: Vec<Product>,
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
    // The configuration last: where it is, the store is whole.
    [data.store_key(), data.keys(), data.database(), data.policy(), data.config()]
}

fn refuse_existing(data: &DataDir, locale: &'static Locale) -> Result<(), Problem> {
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
    match fs::remove_dir_all(workshop.root()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    workshop.create().map_err(|_| io::Error::other("the directory cannot be made"))?;
    write_private(&workshop.policy(), policy::SHIPPED.as_bytes())?;
    write_private(&workshop.config(), config::fill(config::SHIPPED, &new.store).as_bytes())?;
    let mut store = Store::create(&files(workshop), &new.store.issuer(), policy::SHIPPED, Policy::shipped())?;
    store.add_staff(&new.staff, &new.pin)?;
    store.import_products(&new.products, progress)?;
    store.close()
}

fn move_into_place(workshop: &DataDir, data: &DataDir) -> Result<(), StoreError> {
    for (from, to) in members(workshop).iter().zip(members(data)) {
        fs::rename(from, to)?;
    }
    sync(data.root())?;
    Ok(fs::remove_dir_all(workshop.root())?)
}

fn sync(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}
