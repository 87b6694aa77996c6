//! Bytes that a client sent and that are not taken yet.

use std::io;

/// They are moved about once each, however few are taken at a time.
#[derive(Default)]
pub(super) struct Left {
    bytes: Vec<u8>,
    /// How many of them are taken: those in front.
    taken: usize,
}

/// As much memory as this is kept beyond what is needed.
const SPARE: usize = 4096;

impl Left {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `count` are taken.
    pub(super) fn take(&mut self, count: usize) {
        self.taken += count;
        if self.taken >= self.len() {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// More come behind them.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Up to `most` more come behind them: `read` writes them, and tells how many it wrote. A client decides how
    /// many there are, so that there is no memory for them is an error as others are.
    pub(super) fn read(
        &mut self,
        most: usize,
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let had = self.bytes.len();
        self.bytes.try_reserve(most)?;
        self.bytes.resize(had + most, 0);
        let result = read(&mut self.bytes[had..]);
        let came = result.as_ref().map_or(0, |&came| came.min(most));
        self.bytes.truncate(had + came);
        result
    }

    /// Moves all of them to the front of `room`.
    pub(super) fn move_to(&mut self, room: &mut [u8]) {
        room[..self.len()].copy_from_slice(self.bytes());
        self.bytes.clear();
        self.taken = 0;
    }

    /// Gives back memory that is not needed, for a while at least.
    pub(super) fn shrink(&mut self) {
        if self.bytes.capacity() > 2 * self.bytes.len() + SPARE {
            self.bytes.shrink_to_fit();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Left::default();
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_from_the_front_and_nothing_is_kept_of_them_for_long() {
        let mut left = Left::default();
        left.add(&[7; 100_000]);
        left.take(10);
        assert_eq!((left.len(), left.bytes.len()), (99_990, 100_000));
        left.take(60_000);
        assert_eq!((left.len(), left.bytes.len()), (39_990, 39_990));
        let read = left.read(5, |room| {
            room[..2].copy_from_slice(&[8, 9]);
            Ok(2)
        });
        assert_eq!(read.unwrap(), 2);
        assert_eq!(left.bytes()[39_989..], [7, 8, 9]);
        left.take(39_991);
        let mut room = [0; 4];
        left.move_to(&mut room);
        assert_eq!((room, left.is_empty()), ([9, 0, 0, 0], true));
        left.shrink();
        assert_eq!(left.bytes.capacity(), 0);
    }

    #[test]
    fn bytes_that_cannot_be_read_leave_nothing() {
        let mut left = Left::default();
        left.add(&[1]);
        let broken = || io::ErrorKind::ConnectionReset;
        let read = left.read(1 << 20, |_| Err(broken().into()));
        assert_eq!(read.unwrap_err().kind(), broken());
        assert_eq!(left.bytes(), [1]);
        let read = left.read(isize::MAX as usize, |_| panic!("there is no room"));
        assert_eq!(read.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert_eq!(left.bytes(), [1]);
    }
}
