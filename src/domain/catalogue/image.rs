//! The bytes of a catalogue: a header, then sections of fixed-size entries, then texts. All numbers
//! are little-endian. Products stand in the order of their rank, so a rank is an index.

use std::borrow::Borrow;
use std::collections::HashMap;

use super::words::{fold_into, sku_order};
use super::{CatalogueError, Department};
use crate::domain::product::{Product, ProductId};
use crate::domain::quantity::Unit;
use crate::domain::tax::TaxRate;

/// Changes whenever the layout or the folding of words changes, so that old images are rebuilt.
const MAGIC: [u8; 8] = *b"OlvCat\x00\x01";
const CHECKSUM: usize = 8;
const LENGTHS: usize = 16;
const HEADER: usize = LENGTHS + SECTIONS * 4;
const SECTIONS: usize = 11;

/// The parts of the image, in the order in which they follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Section {
    Records,
    /// Ranks sorted by row id.
    ById,
    /// Ranks of the products with a barcode, sorted by it.
    ByGtin,
    /// Ranks of the products with a sku, sorted by it, case ignored.
    BySku,
    /// Ranks of the products with a PLU, sorted by it.
    ByPlu,
    /// Departments sorted by name.
    Departments,
    /// Where each distinct word of the names begins in `WordText`, sorted, and the end.
    WordStarts,
    WordText,
    /// Where each word's ranks begin in `Postings`, and the end.
    PostingStarts,
    /// For each word, the ranks of the products whose name has it, rising.
    Postings,
    /// Names, skus and departments.
    Text,
}

/// Bytes per entry, by section.
const SIZES: [usize; SECTIONS] = [RECORD, 4, 4, 4, 4, DEPARTMENT_ENTRY, 4, 1, 4, 4, 1];

/// Fields of a record, by their offset in it.
const RECORD: usize = 48;
pub(super) const GTIN: usize = 0;
pub(super) const PRICE: usize = 8;
pub(super) const ID: usize = 16;
pub(super) const PLU: usize = 20;
pub(super) const DEPARTMENT: usize = 24;
pub(super) const NAME: usize = 28;
pub(super) const SKU: usize = 32;
pub(super) const NAME_LENGTH: usize = 36;
pub(super) const SKU_LENGTH: usize = 40;
pub(super) const TAX: usize = 44;
pub(super) const UNIT: usize = 46;
pub(super) const DURABLE: usize = 47;

const DEPARTMENT_ENTRY: usize = 12;

/// An image whose header, lengths and checksum hold. Reading beyond any bound gives zeros or nothing.
#[derive(Clone, Debug)]
pub(super) struct Image {
    bytes: Vec<u8>,
    starts: [usize; SECTIONS + 1],
}

impl Image {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Image, CatalogueError> {
        if bytes.get(..CHECKSUM) != Some(MAGIC.as_slice()) {
            return Err(CatalogueError::Format);
        }
        let mut starts = [HEADER; SECTIONS + 1];
        for section in 0..SECTIONS {
            let length = u32_at(&bytes, LENGTHS + section * 4).ok_or(CatalogueError::Length)? as usize;
            if !length.is_multiple_of(SIZES[section]) {
                return Err(CatalogueError::Length);
            }
            starts[section + 1] = starts[section].checked_add(length).ok_or(CatalogueError::Length)?;
        }
        if starts[SECTIONS] != bytes.len() {
            return Err(CatalogueError::Length);
        }
        if bytes[CHECKSUM..LENGTHS] != checksum(&bytes[LENGTHS..]).to_le_bytes() {
            return Err(CatalogueError::Checksum);
        }
        Ok(Image { bytes, starts })
    }

    pub(super) fn products(&self) -> u32 {
        self.entries(Section::Records)
    }

    pub(super) fn entries(&self, section: Section) -> u32 {
        let index = section as usize;
        let entries = (self.starts[index + 1] - self.starts[index]) / SIZES[index];
        u32::try_from(entries).unwrap_or(u32::MAX)
    }

    pub(super) fn section(&self, section: Section) -> &[u8] {
        self.bytes.get(self.starts[section as usize]..self.starts[section as usize + 1]).unwrap_or_default()
    }

    /// The number at `index` of a section of ranks or offsets.
    pub(super) fn rank(&self, section: Section, index: u32) -> Option<u32> {
        u32_at(self.section(section), index as usize * 4)
    }

    /// How many entries of a sorted section of ranks come before the first for which `before` fails.
    pub(super) fn partition(&self, section: Section, before: impl Fn(u32) -> bool) -> u32 {
        partition(self.entries(section), |index| self.rank(section, index).is_some_and(&before))
    }

    pub(super) fn bytes_of<const N: usize>(&self, rank: u32, field: usize) -> [u8; N] {
        let at = rank as usize * RECORD + field;
        self.section(Section::Records).get(at..at + N).and_then(|b| b.try_into().ok()).unwrap_or([0; N])
    }

    pub(super) fn u32_of(&self, rank: u32, field: usize) -> u32 {
        u32::from_le_bytes(self.bytes_of(rank, field))
    }

    pub(super) fn text_of(&self, rank: u32, offset: usize, length: usize) -> &str {
        self.text(self.u32_of(rank, offset), self.u32_of(rank, length))
    }

    pub(super) fn department(&self, index: u32) -> Department<'_> {
        let at = index as usize * DEPARTMENT_ENTRY;
        let field = |n: usize| u32_at(self.section(Section::Departments), at + n * 4).unwrap_or(0);
        Department { name: self.text(field(0), field(1)), tax: TaxRate(u16::try_from(field(2)).unwrap_or(0)) }
    }

    /// The `index`th distinct word of the names, as bytes in folded spelling.
    pub(super) fn word(&self, index: u32) -> &[u8] {
        let start = self.rank(Section::WordStarts, index).unwrap_or(0) as usize;
        let end = self.rank(Section::WordStarts, index + 1).unwrap_or(0) as usize;
        self.section(Section::WordText).get(start..end).unwrap_or_default()
    }

    fn text(&self, offset: u32, length: u32) -> &str {
        let offset = offset as usize;
        let bytes = self.section(Section::Text).get(offset..offset + length as usize).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

/// How many of the indexes below `count` come before the first for which `before` fails, for a
/// `before` that holds up to some index and not after.
pub(super) fn partition(count: u32, before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_le_bytes)
}

/// Tells whether bytes changed by accident: four running products, so that a large image takes little
/// more than the time to read it.
fn checksum(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut lanes = [PRIME, !PRIME, PRIME.rotate_left(21), PRIME.rotate_left(42)];
    let mix = |lane: u64, word: u64| (lane ^ word).wrapping_mul(PRIME).rotate_left(29);
    let mut blocks = bytes.chunks_exact(32);
    for block in &mut blocks {
        for (lane, word) in lanes.iter_mut().zip(block.chunks_exact(8)) {
            *lane = mix(*lane, word.try_into().map_or(0, u64::from_le_bytes));
        }
    }
    for &byte in blocks.remainder() {
        lanes[0] = mix(lanes[0], u64::from(byte));
    }
    lanes.into_iter().fold(bytes.len() as u64, mix)
}

/// The image of these products, which stand in the order of their rank, best-seller first.
/// Ids must differ; where barcodes, skus or PLUs repeat, the better seller answers to them.
///
/// Panics beyond 4 GB of products: some forty million.
pub fn build_image<P: Borrow<Product>>(products: &[(ProductId, P)]) -> Vec<u8> {
    image_with(products, || WordIndex::of(products))
}

/// The same, the index of words given: making it is about half of the work, and can be done beside.
pub fn image_with<P: Borrow<Product>>(
    products: &[(ProductId, P)],
    words: impl FnOnce() -> WordIndex,
) -> Vec<u8> {
    let mut text = Vec::new();
    let (departments, department_of) = build_departments(products, &mut text);
    let mut records = Vec::with_capacity(products.len() * RECORD);
    for ((id, product), department) in products.iter().zip(department_of) {
        let product = product.borrow();
        let mut record = [0; RECORD];
        let mut put = |field: usize, bytes: &[u8]| record[field..field + bytes.len()].copy_from_slice(bytes);
        put(GTIN, &product.barcode.map_or(0, |gtin| gtin.number()).to_le_bytes());
        put(PRICE, &product.price.0.to_le_bytes());
        put(ID, &id.0.to_le_bytes());
        put(PLU, &product.plu.unwrap_or(0).to_le_bytes());
        put(DEPARTMENT, &department.to_le_bytes());
        put(NAME, &small(text.len()).to_le_bytes());
        put(NAME_LENGTH, &small(product.name.len()).to_le_bytes());
        text.extend_from_slice(product.name.as_bytes());
        put(SKU, &small(text.len()).to_le_bytes());
        put(SKU_LENGTH, &small(product.sku.len()).to_le_bytes());
        text.extend_from_slice(product.sku.as_bytes());
        put(TAX, &product.tax.0.to_le_bytes());
        put(UNIT, &[u8::from(product.unit == Unit::Kilogram)]);
        put(DURABLE, &[product.durable_years]);
        records.extend_from_slice(&record);
    }
    let by_id = sorted_by(products, |_, id| Some(id), |a, b| a.cmp(b));
    let by_barcode = sorted_by(products, |product, _| product.barcode, |a, b| a.cmp(b));
    let by_sku = sorted_by(
        products,
        |p, _| Some(p.sku.as_str()).filter(|s| !s.is_empty()).map(|s| (leading_bytes(s), s)),
        |a, b| a.0.cmp(&b.0).then_with(|| sku_order(a.1, b.1)),
    );
    let by_plu = sorted_by(products, |product, _| product.plu, |a, b| a.cmp(b));
    let words = words();
    assemble([
        records,
        by_id,
        by_barcode,
        by_sku,
        by_plu,
        departments,
        words.starts,
        words.text,
        words.posting_starts,
        words.postings,
        text,
    ])
}

fn assemble(sections: [Vec<u8>; SECTIONS]) -> Vec<u8> {
    let mut image = Vec::with_capacity(HEADER + sections.iter().map(Vec::len).sum::<usize>());
    image.extend_from_slice(&MAGIC);
    image.extend_from_slice(&[0; 8]);
    for section in &sections {
        image.extend_from_slice(&small(section.len()).to_le_bytes());
    }
    for section in sections {
        image.extend_from_slice(&section);
    }
    let sum = checksum(&image[LENGTHS..]).to_le_bytes();
    image[CHECKSUM..LENGTHS].copy_from_slice(&sum);
    image
}

fn small(length: usize) -> u32 {
    u32::try_from(length).expect("a catalogue stays below 4 GB")
}

/// The ranks of the products that have a key, sorted by it, better sellers first among equals.
fn sorted_by<'a, P: Borrow<Product>, K: 'a>(
    products: &'a [(ProductId, P)],
    key: impl Fn(&'a Product, ProductId) -> Option<K>,
    order: impl Fn(&K, &K) -> std::cmp::Ordering,
) -> Vec<u8> {
    let mut keyed: Vec<(K, u32)> = products
        .iter()
        .enumerate()
        .filter_map(|(rank, (id, product))| Some((key(product.borrow(), *id)?, small(rank))))
        .collect();
    keyed.sort_unstable_by(|a, b| order(&a.0, &b.0).then(a.1.cmp(&b.1)));
    keyed.iter().flat_map(|(_, rank)| rank.to_le_bytes()).collect()
}

/// The department entries sorted by name, and the entry's index for each product.
fn build_departments<P: Borrow<Product>>(
    products: &[(ProductId, P)],
    text: &mut Vec<u8>,
) -> (Vec<u8>, Vec<u32>) {
    let mut rates: HashMap<&str, HashMap<TaxRate, u32>> = HashMap::new();
    for (_, product) in products {
        let product = product.borrow();
        *rates.entry(&product.department).or_default().entry(product.tax).or_default() += 1;
    }
    let mut names: Vec<&str> = rates.keys().copied().collect();
    names.sort_unstable();
    let mut entries = Vec::with_capacity(names.len() * DEPARTMENT_ENTRY);
    for name in &names {
        let usual = rates[name].iter().max_by_key(|&(rate, count)| (count, rate));
        entries.extend_from_slice(&small(text.len()).to_le_bytes());
        entries.extend_from_slice(&small(name.len()).to_le_bytes());
        entries.extend_from_slice(&usual.map_or(0, |(rate, _)| u32::from(rate.0)).to_le_bytes());
        text.extend_from_slice(name.as_bytes());
    }
    let index: HashMap<&str, u32> = names.iter().enumerate().map(|(at, name)| (*name, small(at))).collect();
    let of = products.iter().map(|(_, product)| index[product.borrow().department.as_str()]).collect();
    (entries, of)
}

/// The distinct words of all names, sorted, each with the ranks that have it.
pub struct WordIndex {
    starts: Vec<u8>,
    text: Vec<u8>,
    posting_starts: Vec<u8>,
    postings: Vec<u8>,
}

impl WordIndex {
    /// The index of these products, in the order of their rank.
    pub fn of<P: Borrow<Product>>(products: &[(ProductId, P)]) -> WordIndex {
        // All names folded into one text, and where each of them ends.
        let mut folded = String::with_capacity(products.len() * 32);
        let mut ends = Vec::with_capacity(products.len());
        for (_, product) in products {
            fold_into(&product.borrow().name, &mut folded);
            ends.push(folded.len());
        }
        let mut numbers: HashMap<&str, u32> = HashMap::with_capacity(products.len());
        let mut pairs: Vec<(u32, u32)> = Vec::with_capacity(products.len() * 6);
        let mut start = 0;
        for (rank, end) in ends.into_iter().enumerate() {
            for word in folded[start..end].split(' ').filter(|word| !word.is_empty()) {
                let next = small(numbers.len());
                pairs.push((*numbers.entry(word).or_insert(next), small(rank)));
            }
            start = end;
        }
        let mut sorted: Vec<(u64, &str, u32)> =
            numbers.into_iter().map(|(word, number)| (leading_bytes(word), word, number)).collect();
        sorted.sort_unstable();
        let mut place = vec![0; sorted.len()];
        for (at, (_, _, number)) in sorted.iter().enumerate() {
            place[*number as usize] = at;
        }
        WordIndex::collect(&sorted, &place, pairs)
    }

    /// Puts the pairs of word and rank, which rise by rank, in the order of the words' places.
    fn collect(sorted: &[(u64, &str, u32)], place: &[usize], mut pairs: Vec<(u32, u32)>) -> WordIndex {
        // A word that a name has twice counts once; its pairs need not be neighbours.
        let mut last = vec![u32::MAX; place.len()];
        pairs.retain(|&(number, rank)| std::mem::replace(&mut last[number as usize], rank) != rank);
        let mut filled = vec![0usize; sorted.len() + 1];
        for &(number, _) in &pairs {
            filled[place[number as usize] + 1] += 1;
        }
        for at in 0..sorted.len() {
            filled[at + 1] += filled[at];
        }
        let posting_starts = filled.iter().flat_map(|&start| small(start).to_le_bytes()).collect();
        let mut postings = vec![0; pairs.len() * 4];
        for (number, rank) in pairs {
            let slot = &mut filled[place[number as usize]];
            postings[*slot * 4..*slot * 4 + 4].copy_from_slice(&rank.to_le_bytes());
            *slot += 1;
        }
        let mut words = WordIndex { starts: Vec::new(), text: Vec::new(), posting_starts, postings };
        for (_, word, _) in sorted {
            words.starts.extend_from_slice(&small(words.text.len()).to_le_bytes());
            words.text.extend_from_slice(word.as_bytes());
        }
        words.starts.extend_from_slice(&small(words.text.len()).to_le_bytes());
        words
    }
}

/// The first eight bytes as a number that sorts as they do: it settles most comparisons of words.
fn leading_bytes(text: &str) -> u64 {
    let mut first = [0; 8];
    for (slot, byte) in first.iter_mut().zip(text.bytes()) {
        *slot = byte.to_ascii_lowercase();
    }
    u64::from_be_bytes(first)
}

/// Gives changed bytes a checksum that holds, if they are long enough to have one.
#[cfg(test)]
pub(super) fn seal_again(bytes: &mut [u8]) {
    let sum = checksum(&bytes[LENGTHS..]).to_le_bytes();
    bytes[CHECKSUM..LENGTHS].copy_from_slice(&sum);
}
