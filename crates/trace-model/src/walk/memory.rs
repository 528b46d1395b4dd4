//! Memory that is granted before it is taken.

use otlp_wire::Malformed;

/// Records for which memory is reserved at the start, at most.
const RESERVED_MAX: usize = 4096;

/// Bytes of a list of records from which on it moves to pages of its own.
const MAPPED_LIST_BYTES_MIN: usize = 1 << 20;
/// Allocations of this size have such pages: more than glibc's `DEFAULT_MMAP_THRESHOLD_MAX`.
const MAPPED_BYTES: usize = (32 << 20) + (64 << 10);

/// Callback that grants or denies a number of bytes before they are allocated.
pub type Grant<'a> = &'a mut dyn FnMut(usize) -> bool;

/// A request that was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes are not such a message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The memory that its records need was not granted.
    #[error("no memory for its records")]
    NoMemory,
}

/// Returns the result of a read with all memory granted.
pub(super) fn unlimited<T>(read: Result<T, ReadError>) -> Result<T, Malformed> {
    read.map_err(|error| match error {
        ReadError::Malformed(malformed) => malformed,
        // Not said by a grant that is always given.
        ReadError::NoMemory => Malformed::Truncated,
    })
}

/// Returns the number of records to expect in a group after its first one. Records of one sender are alike, but for a few bytes: growing step
/// by step would copy them all again.
pub(super) fn ahead(group: &[u8], first: &[u8]) -> usize {
    let ahead = (group.len() / (first.len() + 1)).min(RESERVED_MAX);
    ahead + ahead / 8
}

/// Makes room for more items once it is granted, for twice as many each time, and adds to `granted` how many bytes that takes.
///
/// Moves a list that has become large once, to where an allocator has pages of its own for it, which the system gets back when it
/// is freed. Memory that is not granted is never written there: it takes addresses, not memory.
pub(super) fn reserve<T>(list: &mut Vec<T>, more: usize, granted: &mut usize, grant: Grant<'_>) -> Result<(), ReadError> {
    let needed = (list.len() + more) * size_of::<T>();
    if needed <= *granted {
        return Ok(());
    }
    let wanted = needed.max(2 * *granted);
    if !grant(wanted - *granted) {
        return Err(ReadError::NoMemory);
    }
    *granted = wanted;
    let allocated = if wanted > MAPPED_LIST_BYTES_MIN {
        wanted.max(MAPPED_BYTES)
    } else {
        wanted
    };
    list.reserve_exact((allocated / size_of::<T>()).saturating_sub(list.len()).max(more));
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::ReadError;
    use crate::{Batch, Source};

    /// A request of log records without any field, in scopes of a hundred.
    fn empty_logs(scopes: usize) -> Bytes {
        let scope = [&[0x12, 200, 1][..], &[0x12, 0].repeat(100)].concat();
        let scopes = scope.repeat(scopes);
        let mut body = vec![0x0a];
        prost::encoding::encode_varint(scopes.len() as u64, &mut body);
        body.extend_from_slice(&scopes);
        body.into()
    }

    #[test]
    fn memory_of_records_is_granted_before_it_is_taken() {
        let body = empty_logs(50);
        let mut granted = 0;
        let read = Batch::logs_within(body.clone(), Source::File, &mut |bytes| {
            granted += bytes;
            true
        });
        let batch = read.expect("a request");
        assert_eq!(batch.log_count(), 5000);
        assert_eq!(batch.bytes(), body.len() + granted);
        assert!(granted > 20 * body.len(), "records take more than their bytes");

        for limit in [0, granted / 2, granted - 1] {
            let mut left = limit;
            let read = Batch::logs_within(body.clone(), Source::File, &mut |bytes| {
                left.checked_sub(bytes).map(|less| left = less).is_some()
            });
            assert_eq!(read, Err(ReadError::NoMemory), "{limit} of {granted}");
        }
    }
}
