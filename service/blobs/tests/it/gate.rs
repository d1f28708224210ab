//! `verified` against every way of cutting a stream into chunks.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use tamis_blobs::{Blob, BlobError, verified};

fn blob(bytes: &[u8], size: u64, chunk: usize, fails: bool) -> Blob {
    let mut chunks: Vec<_> = bytes.chunks(chunk).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    if fails {
        chunks.push(Err(BlobError::Unavailable("gone".into())));
    }
    // Stores may send empty chunks; they mean nothing.
    chunks.insert(chunks.len() / 2, Ok(Bytes::new()));
    Blob { size, stream: stream::iter(chunks).boxed() }
}

fn drain(blob: Blob, sha256: [u8; 32], range: std::ops::Range<u64>) -> (Vec<u8>, Result<(), BlobError>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut stream = verified(blob, sha256, range);
        let mut bytes = Vec::new();
        while let Some(item) = stream.next().await {
            match item {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(error) => {
                    assert!(stream.next().await.is_none(), "nothing follows an error");
                    return (bytes, Err(error));
                }
            }
        }
        (bytes, Ok(()))
    })
}

proptest! {
    #[test]
    fn the_right_bytes_pass_and_only_the_range(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        chunk in 1_usize..200,
        (a, b) in (0_usize..700, 0_usize..700),
    ) {
        let (from, to) = (a.min(b), a.max(b));
        let sha256 = Sha256::digest(&bytes).into();
        let (out, end) = drain(blob(&bytes, bytes.len() as u64, chunk, false), sha256, from as u64..to as u64);
        prop_assert_eq!(end, Ok(()));
        let cut = |at: usize| at.min(bytes.len());
        prop_assert_eq!(&out[..], &bytes[cut(from)..cut(to)]);
    }

    #[test]
    fn the_right_bytes_under_a_wrong_length_never_complete_a_range(
        bytes in prop::collection::vec(any::<u8>(), 1..600),
        chunk in 1_usize..200,
        announced in 0_u64..700,
    ) {
        prop_assume!(announced != bytes.len() as u64);
        let sha256 = Sha256::digest(&bytes).into();
        let (out, end) = drain(blob(&bytes, announced, chunk, false), sha256, 0..bytes.len() as u64);
        let corrupt = matches!(end, Err(BlobError::Corrupt { .. }));
        prop_assert!(corrupt);
        prop_assert!(out.len() < bytes.len());
    }

    #[test]
    fn a_wrong_or_broken_object_never_completes_a_range(
        bytes in prop::collection::vec(any::<u8>(), 1..600),
        chunk in 1_usize..200,
        at in any::<prop::sample::Index>(),
        (a, b) in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        fault in 0..4,
    ) {
        let sha256 = Sha256::digest(&bytes).into();
        let (a, b) = (a.index(bytes.len()), b.index(bytes.len()));
        let (from, to) = (a.min(b), a.max(b) + 1);
        let at = at.index(bytes.len());
        let mut wrong = bytes.clone();
        match fault {
            0 => wrong[at] ^= 0x80,
            1 => wrong.truncate(at),
            2 => wrong.insert(at, 0),
            _ => {}
        }
        // The store may be honest about the wrong length, or not.
        for size in [bytes.len() as u64, wrong.len() as u64] {
            let (out, end) = drain(blob(&wrong, size, chunk, fault == 3), sha256, from as u64..to as u64);
            prop_assert!(end.is_err());
            prop_assert!(out.len() < to - from);
        }
    }
}
