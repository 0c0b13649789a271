//! The good guess: of all explanations of a ticket, the likeliest. It can be wrong, so it proves nothing; it is what
//! a price list and a ticket give to whoever does not mind.

use std::collections::{BTreeMap, HashMap};

use super::shop::{Lines, Shop};

/// Sums up to which every explanation is weighed. Above, one dear line and such a rest.
const CENTS: usize = 3_000;

/// A line: its amount, how unlikely it is, and product and quantity.
type Guess = (usize, f64, (usize, i64));

struct Cell {
    /// For each amount the likeliest line.
    lines: Vec<Guess>,
    /// For each sum how unlikely its likeliest explanation is, and the last line of it.
    sums: Vec<Option<(f64, usize)>>,
}

/// Whoever has a price list and thinks that each product sells so often.
pub(super) struct Guesser(HashMap<u16, Cell>);

impl Guesser {
    /// `often` gives how many lines of a product a ticket has on average.
    pub fn new(shop: &Shop, often: impl Fn(usize) -> f64) -> Guesser {
        let mut cells: HashMap<u16, BTreeMap<usize, Guess>> = HashMap::new();
        for (product, good) in (1..).zip(&shop.goods) {
            let cell = cells.entry(good.vat).or_default();
            let amounts = good.amounts(if good.weighed { i64::MAX } else { 6 });
            let steps = amounts.len() as f64;
            for (quantity, amount) in (1..).zip(amounts) {
                // Each further piece is a fifth as likely as the one before it; weights are all alike.
                let of_quantity =
                    if good.weighed { 1.0 / steps } else { 0.8 * 0.2_f64.powi(quantity as i32 - 1) };
                let unlikely = -(often(product).clamp(1e-9, 0.9) * of_quantity).ln();
                let line = (amount as usize, unlikely, (product, quantity));
                let best = cell.entry(line.0).or_insert(line);
                if best.1 > unlikely {
                    *best = line;
                }
            }
        }
        Guesser(
            cells.into_iter().map(|(vat, lines)| (vat, Cell::of(lines.into_values().collect()))).collect(),
        )
    }

    /// The products and pieces of the likeliest basket, in order; `None` where no basket adds up.
    pub fn basket(&self, ticket: &BTreeMap<u16, i64>) -> Option<Lines> {
        let mut pieces: BTreeMap<usize, i64> = BTreeMap::new();
        for (vat, amount) in ticket {
            for (product, quantity) in self.0.get(vat)?.lines_of(*amount as usize)? {
                *pieces.entry(product).or_default() += quantity;
            }
        }
        Some(pieces.into_iter().collect())
    }
}

impl Cell {
    fn of(lines: Vec<Guess>) -> Cell {
        let mut cell = Cell { lines, sums: vec![Some((0.0, usize::MAX))] };
        for sum in 1..=CENTS {
            let likeliest = cell.likeliest(sum);
            cell.sums.push(likeliest);
        }
        cell
    }

    /// How unlikely the best explanation is, and which line ends it.
    fn likeliest(&self, sum: usize) -> Option<(f64, usize)> {
        let rests = self.lines.iter().enumerate().take_while(|(_, line)| line.0 <= sum);
        let explained = rests.filter_map(|(place, (amount, unlikely, _))| {
            let rest = self.sums.get(sum - amount)?.as_ref()?;
            Some((unlikely + rest.0, place))
        });
        explained.min_by(|one, other| one.0.total_cmp(&other.0))
    }

    fn lines_of(&self, mut sum: usize) -> Option<Lines> {
        let mut lines = Vec::new();
        while sum > 0 {
            let known = self.sums.get(sum).copied();
            let (_, place) = known.unwrap_or_else(|| self.likeliest(sum))?;
            let (amount, _, line) = self.lines[place];
            lines.push(line);
            sum -= amount;
        }
        Some(lines)
    }
}
