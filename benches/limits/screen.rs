//! From a scan to the finished frame.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use olvido::domain::policy::Policy;
use olvido::domain::settings::Settings;
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
    let catalogue = Arc::new(shop.store(directory).catalogue().expect("a catalogue"));
    let null = OpenOptions::new().write(true).open("/dev/null").expect("somewhere to write");
    let area = Rect::new(0, 0, 120, 40);
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    let backend = CrosstermBackend::new(BufWriter::with_capacity(64 << 10, null));
    let mut terminal = Terminal::with_options(backend, options).expect("a terminal");
    let mut model =
        Model::new(Arc::new(Settings::default()), Arc::new(Policy::shipped())).expect("the usual keys");
    model.screen = Screen::Sell;
    update(&mut model, Event::Resize(area.width, area.height));
    update(&mut model, Event::Done(Done::Catalogue(catalogue)));

    let mut random = Random(11);
    let mut scan = |model: &mut Model| {
        let code = shop.products[random.below(shop.products.len())].barcode.expect("products have barcodes");
        for digit in code.to_string().chars() {
            update(model, Event::Swift(Key::char(digit)));
        }
    };
    let mut times = Vec::new();
    while times.len() < SCANS {
        scan(&mut model);
        let full = model.till.basket().lines().len() >= LINES;
        let (took, ()) = timed(|| {
            update(&mut model, Event::Swift(Key::plain(Code::Enter)));
            terminal.draw(|frame| view(&model, frame)).expect("a frame");
        });
        if full {
            times.push(took);
            // The basket stays as long as it is: the first line goes, outside the time.
            model.till.void(0).expect("a line");
        }
    }
    let (median, p99) = (percentile(&mut times, 50) / 1000.0, percentile(&mut times, 99) / 1000.0);
    let from = format!("99th percentile of {SCANS} scans; median {median:.2} ms");
    vec![Row::at_most(format!("scan to frame, basket of {LINES}"), p99, 2.0, "ms", &from)]
}
