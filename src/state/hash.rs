//! From a key to its key group, version 1. Fixed for good: stored state depends on it.
//!
//! A word is hashed with the 64-bit finalizer of MurmurHash3 (Austin Appleby, public domain), bytes
//! with XXH3, 64 bits, seed 0 (Yann Collet). The group is the high half of the hash, scaled to the
//! number of groups: `(high * groups) >> 32`. The low half places the key within its shard's table.

/// The version of the function from keys to key groups.
pub const VERSION: u32 = 1;

/// The number of key groups when none is asked for.
pub const GROUPS_DEFAULT: u32 = 4096;

/// The fewest key groups.
pub const GROUPS_MIN: u32 = 2;

/// The most key groups.
pub const GROUPS_MAX: u32 = 65_536;

/// The hash of a key that is a word.
#[inline]
pub const fn word(key: u64) -> u64 {
    let mut hash = key;
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// The hash of a key that is bytes.
#[inline]
pub fn bytes(key: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(key)
}

/// The key group of a hash, of `groups` in all.
#[inline]
pub const fn group(hash: u64, groups: u32) -> u32 {
    (((hash >> 32) * groups as u64) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_gives_these_groups_for_good() {
        let groups =
            |keys: &[u64]| -> Vec<u32> { keys.iter().map(|&key| group(word(key), 4096)).collect() };
        assert_eq!(
            groups(&[0, 1, 2, 1000, u64::MAX]),
            [0, 2885, 939, 2800, 1611]
        );
        assert_eq!(group(bytes(b""), 4096), 720);
        assert_eq!(group(bytes(b"MSFT"), 4096), 2384);
    }

    #[test]
    fn every_group_is_below_the_number_of_groups() {
        for groups in [2, 3, 4096, 65_536] {
            assert_eq!(group(u64::MAX, groups), groups - 1);
            assert_eq!(group(0, groups), 0);
        }
    }
}
