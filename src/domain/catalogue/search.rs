//! Search as you type. Every word asked for must begin a word of the name; the order does not matter.
//!
//! Each word is a range in the sorted list of all words, and its products are marked in a bit per
//! product. Words asked for never overlap, so the work is bounded by the number of words in all
//! names, whatever is typed.

use super::image::{Image, Section, partition};
use super::words::fold;
use super::{Catalogue, ProductView};

/// Digits from which a sku or a barcode is looked for as well.
const CODE_DIGITS: usize = 4;

impl Catalogue {
    /// At most `limit` products whose name has, for each word of `query`, a word that begins with it;
    /// four or more digits also find the skus and barcodes that begin with them. Case and accents
    /// do not count. Best-seller first. Empty when the query has no letter and no digit.
    pub fn search(&self, query: &str, limit: usize) -> Vec<ProductView<'_>> {
        let folded = fold(query);
        let words = distinct(&folded);
        let Some((first, others)) = words.split_first() else {
            return Vec::new();
        };
        let mut found = self.image.named(first);
        for word in others {
            let more = self.image.named(word);
            found.iter_mut().zip(more).for_each(|(bits, more)| *bits &= more);
        }
        if others.is_empty() && first.len() >= CODE_DIGITS && first.bytes().all(|b| b.is_ascii_digit()) {
            self.mark_codes(first, &mut found);
        }
        ranks(&found).take(limit).map(|rank| self.view(rank)).collect()
    }

    fn mark_codes(&self, digits: &str, found: &mut [u64]) {
        let from = self.image.partition(Section::BySku, |rank| self.view(rank).sku() < digits);
        for index in from..self.image.entries(Section::BySku) {
            match self.image.rank(Section::BySku, index) {
                Some(rank) if self.view(rank).sku().starts_with(digits) => mark(found, rank),
                _ => break,
            }
        }
        // A code of 12 digits is also written with 13, so both widths begin with these digits.
        for width in [8, 12, 13, 14] {
            let Some(missing) = usize::checked_sub(width, digits.len()) else { continue };
            let (Ok(value), Ok(missing)) = (digits.parse::<u64>(), u32::try_from(missing)) else { continue };
            let step = 10u64.pow(missing);
            let barcode = |rank: u32| self.view(rank).gtin_number();
            let from = self.image.partition(Section::ByGtin, |rank| barcode(rank) < value * step);
            let to = self.image.partition(Section::ByGtin, |rank| barcode(rank) < (value + 1) * step);
            for index in from..to {
                if let Some(rank) = self.image.rank(Section::ByGtin, index) {
                    mark(found, rank);
                }
            }
        }
    }
}

impl Image {
    /// A bit for each product, set where a word of the name begins with `start`.
    fn named(&self, start: &str) -> Vec<u64> {
        let mut found = vec![0; (self.products() as usize).div_ceil(64)];
        let start = start.as_bytes();
        let count = self.entries(Section::WordStarts).saturating_sub(1);
        let from = partition(count, |index| self.word(index) < start);
        let to = partition(count, |index| self.word(index) < start || self.word(index).starts_with(start));
        let posting = |index| self.rank(Section::PostingStarts, index).unwrap_or(0) as usize * 4;
        let postings = self.section(Section::Postings).get(posting(from)..posting(to)).unwrap_or_default();
        for rank in postings.chunks_exact(4) {
            mark(&mut found, rank.try_into().map_or(u32::MAX, u32::from_le_bytes));
        }
        found
    }
}

/// The words of a folded query without those that begin another one: these ask for nothing more.
fn distinct(folded: &str) -> Vec<&str> {
    let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    words.sort_unstable();
    words.dedup();
    // In sorted order a word that begins others stands directly before one of them.
    let followed: Vec<bool> = words.windows(2).map(|pair| pair[1].starts_with(pair[0])).collect();
    words.into_iter().zip(followed.into_iter().chain([false])).filter(|&(_, f)| !f).map(|(w, _)| w).collect()
}

fn mark(found: &mut [u64], rank: u32) {
    if let Some(bits) = found.get_mut(rank as usize / 64) {
        *bits |= 1 << (rank % 64);
    }
}

fn ranks(found: &[u64]) -> impl Iterator<Item = u32> {
    (0u32..).step_by(64).zip(found).flat_map(|(base, &bits)| {
        let mut bits = bits;
        std::iter::from_fn(move || {
            let next = (bits != 0).then(|| base + bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
            next
        })
    })
}
