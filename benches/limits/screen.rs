//! From a scan to the finished frame.

use std::fs::{File, OpenOptions};
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use olvido::domain::policy::Policy;
use olvido::domain::settings::Settings;
use olvido::store::Store;
use olvido::ui::{Code, Done, Event, Key, Model, Screen, update, view};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::shop::{Random, Shop};
use super::{Row, percentile, timed};

const SCANS: usize = 2_000;
/// Lines in the basket while it is measured.
const LINES: usize = 100;

/// A scan's last key, Enter, until the frame with its line is written out, in a basket of 100 lines,
/// at the larger of the two usual sizes. What the till hands to its other thread is not waited for,
/// there as here.
pub fn measure(shop: &Shop, directory: &Path) -> Vec<Row> {
    let mut scans = Scans::new(shop, &shop.store(directory));
    let mut times: Vec<f64> = (0..SCANS).map(|_| scans.one()).collect();
    let (median, p99) = (percentile(&mut times, 50) / 1000.0, percentile(&mut times, 99) / 1000.0);
    let from = format!("99th percentile of {SCANS} scans; median {median:.2} ms");
    vec![Row::at_most(format!("scan to frame, basket of {LINES}"), p99, 2.0, "ms", &from)]
}

/// A till's screen with that basket.
pub struct Scans<'a> {
    shop: &'a Shop,
    terminal: Terminal<CrosstermBackend<BufWriter<File>>>,
    model: Model,
    random: Random,
}

impl Scans<'_> {
    pub fn new<'a>(shop: &'a Shop, store: &Store) -> Scans<'a> {
        let catalogue = Arc::new(store.catalogue().expect("a catalogue"));
        let null = OpenOptions::new().write(true).open("/dev/null").expect("somewhere to write");
        let area = Rect::new(0, 0, 120, 40);
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let backend = CrosstermBackend::new(BufWriter::with_capacity(64 << 10, null));
        let terminal = Terminal::with_options(backend, options).expect("a terminal");
        let mut model =
            Model::new(Arc::new(Settings::default()), Arc::new(Policy::shipped())).expect("the usual keys");
        model.screen = Screen::Sell;
        update(&mut model, Event::Resize(area.width, area.height));
        update(&mut model, Event::Done(Done::Catalogue(catalogue)));
        let mut scans = Scans { shop, terminal, model, random: Random(11) };
        while scans.model.till.basket().lines().len() < LINES - 1 {
            scans.scan();
        }
        scans
    }

    /// One more scan, in µs.
    pub fn one(&mut self) -> f64 {
        loop {
            let took = self.scan();
            if self.model.till.basket().lines().len() >= LINES {
                // The basket stays as long as it is: the first line goes, outside the time.
                self.model.till.void(0).expect("a line");
                return took;
            }
        }
    }

    fn scan(&mut self) -> f64 {
        let products = &self.shop.products;
        let code = products[self.random.below(products.len())].barcode.expect("products have barcodes");
        for digit in code.to_string().chars() {
            update(&mut self.model, Event::Swift(Some(Key::char(digit))));
        }
        let (took, ()) = timed(|| {
            update(&mut self.model, Event::Swift(Some(Key::plain(Code::Enter))));
            self.terminal.draw(|frame| view(&self.model, frame)).expect("a frame");
        });
        took
    }
}
