//! The table of one shard: from words to states, growing step by step.
//!
//! Open addressing in buckets of one cache line, four keys and their states: looking a key up reads one
//! line almost always, and compares its keys without branching. Buckets are kept in pages; a full page
//! is split in two by one more bit of the hash (extendible hashing: R. Fagin, J. Nievergelt,
//! N. Pippenger, H. R. Strong, "Extendible hashing: a fast access method for dynamic files", ACM TODS
//! 4(3), 1979), so that growing never moves more than one page of keys.

use super::{hash, prefetch::prefetch};
use crate::model::Value;

const WAYS: usize = 4;
/// How far ahead of its use a bucket is asked for, in messages. A cache miss takes about as long as
/// looking up a dozen keys.
const AHEAD: usize = 12;
/// The buckets of a full-grown page: 64 KiB. A table begins with one smaller page, which doubles.
const PAGE_BUCKETS: usize = 1024;
const FIRST_BUCKETS: usize = 4;
/// The bits of a hash that choose a bucket within a page; those above choose the page.
const PAGE_BITS: u32 = PAGE_BUCKETS.trailing_zeros();
/// The low half of a hash is the table's; the high half is spent on key groups.
const DEPTH_MAX: u32 = 32 - PAGE_BITS;

/// The word that marks an empty place. As a key it is kept beside the pages.
const VACANT: u64 = 0x7061_7274_6974_6121;

#[repr(align(64))]
#[derive(Clone)]
struct Bucket {
    keys: [u64; WAYS],
    states: [Value; WAYS],
}

impl Bucket {
    const EMPTY: Bucket = Bucket {
        keys: [VACANT; WAYS],
        states: [Value(0); WAYS],
    };

    /// Where a key is in this bucket.
    #[inline]
    fn way_of(&self, key: u64) -> Option<usize> {
        let mut found = 0u32;
        for way in 0..WAYS {
            found |= u32::from(self.keys[way] == key) << way;
        }
        (found != 0).then(|| found.trailing_zeros() as usize)
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.way_of(VACANT).is_none()
    }
}

struct Page {
    buckets: Box<[Bucket]>,
    len: usize,
    /// How many bits of the hash, above those of the bucket, all keys of this page share.
    depth: u32,
}

impl Page {
    fn new(buckets: usize, depth: u32) -> Page {
        Page {
            buckets: vec![Bucket::EMPTY; buckets].into(),
            len: 0,
            depth,
        }
    }

    fn clear(&mut self, depth: u32) {
        self.buckets.fill(Bucket::EMPTY);
        (self.len, self.depth) = (0, depth);
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }

    fn next(&self, bucket: usize) -> usize {
        (bucket + 1) & (self.buckets.len() - 1)
    }

    /// The state of a key, if it is in the bucket where most are.
    #[inline(always)]
    fn at_home(&self, hash: u64, key: u64) -> Option<Value> {
        let bucket = &self.buckets[self.home(hash)];
        let way = bucket.way_of(key).filter(|_| key != VACANT)?;
        Some(bucket.states[way % WAYS])
    }

    #[inline(always)]
    fn find(&self, hash: u64, key: u64) -> Option<(usize, usize)> {
        let mut bucket = self.home(hash);
        loop {
            if let Some(way) = self.buckets[bucket].way_of(key) {
                return Some((bucket, way));
            }
            // A key is behind a full bucket at most; a page always has one that is not full.
            if !self.buckets[bucket].is_full() {
                return None;
            }
            bucket = self.next(bucket);
        }
    }

    /// Places a key that is not there yet.
    fn place(&mut self, hash: u64, key: u64, state: Value) {
        let mut bucket = self.home(hash);
        let way = loop {
            match self.buckets[bucket].way_of(VACANT) {
                Some(way) => break way,
                None => bucket = self.next(bucket),
            }
        };
        self.buckets[bucket].keys[way] = key;
        self.buckets[bucket].states[way] = state;
        self.len += 1;
    }

    /// Empties a place; a key that had to go past its bucket moves back into it, and so on.
    fn vacate(&mut self, mut bucket: usize, mut way: usize) {
        self.len -= 1;
        loop {
            let was_full = self.buckets[bucket].is_full();
            self.buckets[bucket].keys[way] = VACANT;
            let Some((from, from_way)) = was_full.then(|| self.displaced(bucket)).flatten() else {
                return;
            };
            self.buckets[bucket].keys[way] = self.buckets[from].keys[from_way];
            self.buckets[bucket].states[way] = self.buckets[from].states[from_way];
            (bucket, way) = (from, from_way);
        }
    }

    /// A key behind `bucket` that belongs into it or before it.
    fn displaced(&self, bucket: usize) -> Option<(usize, usize)> {
        let mask = self.buckets.len() - 1;
        let mut from = self.next(bucket);
        while from != bucket {
            for way in 0..WAYS {
                let key = self.buckets[from].keys[way];
                if key == VACANT {
                    continue;
                }
                let home = self.home(hash::word(key));
                // How far the key has come from its home, against how far it is from the hole.
                if from.wrapping_sub(home) & mask >= from.wrapping_sub(bucket) & mask {
                    return Some((from, way));
                }
            }
            if !self.buckets[from].is_full() {
                return None;
            }
            from = self.next(from);
        }
        None
    }

    /// Whether one more key should make it grow: at four fifths.
    fn is_crowded(&self) -> bool {
        (self.len + 1) * 5 > self.buckets.len() * WAYS * 4
    }

    fn entries(&self) -> impl Iterator<Item = (u64, Value)> {
        self.buckets.iter().flat_map(|bucket| {
            let pairs = (0..WAYS).map(|way| (bucket.keys[way], bucket.states[way]));
            pairs.filter(|&(key, _)| key != VACANT)
        })
    }
}

/// How far a visit of all entries has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    page: usize,
    pub(super) place: usize,
}

pub(super) struct Table {
    /// The page of a hash, by its bits above those of the bucket.
    directory: Vec<u32>,
    pages: Vec<Page>,
    /// The state of the key that is the mark of an empty place.
    odd: Option<Value>,
    /// Entries of a page that is being split.
    moving: Vec<(u64, Value)>,
}

impl Default for Table {
    fn default() -> Self {
        Table {
            directory: vec![0],
            pages: vec![Page::new(FIRST_BUCKETS, 0)],
            odd: None,
            moving: Vec::new(),
        }
    }
}

impl Table {
    /// Looks many keys up: writes the state of each to `states`, and the index of those that have none to
    /// `missing`. `hashes` is working memory.
    pub(super) fn look_up(
        &self,
        words: &[u64],
        hashes: &mut Vec<u64>,
        states: &mut [Value],
        missing: &mut Vec<u32>,
    ) {
        let mut elsewhere = |index: usize, hash, word, state: &mut Value| match self.get(hash, word)
        {
            Some(known) => *state = known,
            None => missing.push(index as u32),
        };
        if let [page] = &self.pages[..] {
            for (index, (&word, state)) in words.iter().zip(states).enumerate() {
                let hash = hash::word(word);
                match page.at_home(hash, word) {
                    Some(known) => *state = known,
                    None => elsewhere(index, hash, word, state),
                }
            }
            return;
        }
        // It is large enough that asking for memory ahead pays.
        hashes.clear();
        hashes.extend(words.iter().map(|&word| hash::word(word)));
        let first = hashes.iter().take(AHEAD);
        first.for_each(|&hash| self.prefetch(hash));
        for (index, ((&word, &hash), state)) in words.iter().zip(&*hashes).zip(states).enumerate() {
            if let Some(&ahead) = hashes.get(index + AHEAD) {
                self.prefetch(ahead);
            }
            match self.pages[self.page_of(hash)].at_home(hash, word) {
                Some(known) => *state = known,
                None => elsewhere(index, hash, word, state),
            }
        }
    }

    #[inline]
    fn page_of(&self, hash: u64) -> usize {
        let index = (hash as u32 >> PAGE_BITS) as usize & (self.directory.len() - 1);
        self.directory[index] as usize
    }

    /// Asks for the memory that looking up `hash` will need.
    #[inline]
    fn prefetch(&self, hash: u64) {
        let page = &self.pages[self.page_of(hash)];
        prefetch(&page.buckets, page.home(hash));
    }

    /// The state of a key. `hash` is [`hash::word`] of it.
    pub(super) fn get(&self, hash: u64, key: u64) -> Option<Value> {
        if key == VACANT {
            return self.odd;
        }
        let page = &self.pages[self.page_of(hash)];
        page.find(hash, key)
            .map(|(bucket, way)| page.buckets[bucket].states[way])
    }

    pub(super) fn get_mut(&mut self, key: u64) -> Option<&mut Value> {
        if key == VACANT {
            return self.odd.as_mut();
        }
        let hash = hash::word(key);
        let page = self.page_of(hash);
        let page = &mut self.pages[page];
        page.find(hash, key)
            .map(|(bucket, way)| &mut page.buckets[bucket].states[way])
    }

    /// The state of a key; one that is not there yet is added with `state`.
    pub(super) fn get_or_insert(&mut self, key: u64, state: Value) -> Option<Value> {
        let hash = hash::word(key);
        let known = self.get(hash, key);
        if known.is_some() {
            return known;
        }
        if key == VACANT {
            self.odd = Some(state);
            return None;
        }
        while self.pages[self.page_of(hash)].is_crowded() {
            self.grow(self.page_of(hash));
        }
        let page = self.page_of(hash);
        self.pages[page].place(hash, key, state);
        None
    }

    pub(super) fn remove(&mut self, key: u64) -> Option<Value> {
        if key == VACANT {
            return self.odd.take();
        }
        let hash = hash::word(key);
        let page = self.page_of(hash);
        let page = &mut self.pages[page];
        let (bucket, way) = page.find(hash, key)?;
        let state = page.buckets[bucket].states[way];
        page.vacate(bucket, way);
        Some(state)
    }

    /// Makes room around a page: doubles a small one, splits a full-grown one.
    fn grow(&mut self, page: usize) {
        let Page { buckets, depth, .. } = &self.pages[page];
        let (buckets, depth) = (buckets.len(), *depth);
        // With all hash bits used, pages grow again as wholes.
        if buckets < PAGE_BUCKETS || depth == DEPTH_MAX {
            let small = std::mem::replace(&mut self.pages[page], Page::new(buckets * 2, depth));
            for (key, state) in small.entries() {
                self.pages[page].place(hash::word(key), key, state);
            }
        } else {
            self.split(page, depth);
        }
    }

    fn split(&mut self, page: usize, depth: u32) {
        if 1 << depth == self.directory.len() {
            self.directory.extend_from_within(..);
        }
        // The page keeps its memory: pages that come and go would leave holes behind.
        self.moving.extend(self.pages[page].entries());
        self.pages[page].clear(depth + 1);
        let other = self.pages.len();
        self.pages.push(Page::new(PAGE_BUCKETS, depth + 1));
        for (index, entry) in self.directory.iter_mut().enumerate() {
            if *entry as usize == page && index >> depth & 1 == 1 {
                *entry = other as u32;
            }
        }
        while let Some((key, state)) = self.moving.pop() {
            let hash = hash::word(key);
            let page = self.page_of(hash);
            self.pages[page].place(hash, key, state);
        }
    }

    /// The next entry behind `cursor`, in no particular order.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<(u64, Value)> {
        while let Some(page) = self.pages.get(cursor.page) {
            while cursor.place < page.buckets.len() * WAYS {
                let (bucket, way) = (&page.buckets[cursor.place / WAYS], cursor.place % WAYS);
                cursor.place += 1;
                if bucket.keys[way] != VACANT {
                    return Some((bucket.keys[way], bucket.states[way]));
                }
            }
            *cursor = Cursor {
                page: cursor.page + 1,
                place: 0,
            };
        }
        if cursor.page > self.pages.len() {
            return None;
        }
        cursor.page = self.pages.len() + 1;
        self.odd.map(|state| (VACANT, state))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Random insertions, changes, removals and look-ups of `keys` different keys.
    fn agrees_with_a_map(seed: u64, keys: u64, steps: usize, spread: impl Fn(u64) -> u64) {
        println!("seed {seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        let mut table = Table::default();
        let mut model = BTreeMap::new();
        for step in 0..steps {
            let key = spread(random.u64(..keys));
            let known = model.get(&key).copied();
            assert_eq!(table.get(hash::word(key), key), known);
            // It grows and shrinks in turns.
            let removes = if (step / (steps / 4)).is_multiple_of(2) {
                60
            } else {
                200
            };
            if random.u8(..) < removes {
                assert_eq!(table.remove(key), model.remove(&key));
            } else if let Some(state) = table.get_mut(key) {
                *state = Value(random.u64(..));
                model.insert(key, *state);
            } else {
                let state = Value(random.u64(..));
                assert_eq!(table.get_or_insert(key, state), None);
                assert_eq!(table.get_or_insert(key, Value(0)), Some(state));
                model.insert(key, state);
            }
        }
        let mut cursor = Cursor::default();
        let visited: BTreeMap<_, _> = std::iter::from_fn(|| table.next(&mut cursor)).collect();
        assert_eq!(visited, model);
        assert_eq!(table.next(&mut cursor), None);
    }

    #[test]
    fn a_table_agrees_with_a_map() {
        agrees_with_a_map(1, 40, 20_000, |key| key);
        agrees_with_a_map(2, 3_000, 60_000, |key| key << 40);
        agrees_with_a_map(3, 30_000, 200_000, |key| key * 7);
    }

    #[test]
    fn the_mark_of_an_empty_place_is_a_key_like_any_other() {
        agrees_with_a_map(4, 8, 5_000, |key| VACANT + key);
    }

    #[test]
    fn growing_moves_at_most_one_page() {
        let mut table = Table::default();
        for key in 0..100_000 {
            table.get_or_insert(key, Value(key));
        }
        assert!(table.pages.len() > 16);
        assert!(
            table
                .pages
                .iter()
                .all(|page| page.buckets.len() == PAGE_BUCKETS)
        );
        assert!((0..100_000).all(|key| table.get(hash::word(key), key) == Some(Value(key))));
    }
}
