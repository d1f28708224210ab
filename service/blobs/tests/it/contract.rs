//! What every store promises. `contract!(open)` makes one test of each case for the store that the
//! given function opens.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use tamis_blobs::{BlobError, BlobKey, Entry, Stat};

use crate::subject::{Sample, Subject, put, read, read_all, sample};

macro_rules! contract {
    ($open:path) => {
        $crate::contract::contract!(
            $open,
            objects_of_every_size_come_back,
            the_source_file_stays,
            putting_the_same_bytes_again_is_fine,
            putting_over_a_corrupted_object_repairs_it,
            putting_other_bytes_than_the_digest_names_is_refused,
            putting_under_the_key_of_another_digest_is_refused,
            generations_are_objects_of_their_own,
            a_deleted_object_is_gone_and_deleting_it_again_is_fine,
            a_missing_object_is_not_found,
            a_range_comes_exactly,
            wrong_bytes_never_make_a_complete_answer,
            puts_of_one_key_at_once_all_succeed,
            a_listing_is_complete_beyond_one_page,
            names_that_are_not_ours_are_listed_without_a_key,
            a_store_that_works_is_healthy,
        );
    };
    ($open:path, $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::contract::$case($open().await).await;
            }
        )+
    };
}
pub(crate) use contract;

const MIB: usize = 1024 * 1024;

pub async fn objects_of_every_size_come_back(subject: Subject) {
    let sizes = [0, 1, 4095, 128 * 1024, 128 * 1024 + 1, MIB, 16 * MIB, 16 * MIB + 1, 33 * MIB];
    for (seed, size) in sizes.into_iter().enumerate() {
        let sample = sample(size, seed as u64);
        put(&*subject.store, &sample).await.unwrap();
        assert_eq!(subject.store.stat(&sample.key).await, Ok(Some(Stat { size: size as u64 })));
        assert!(read_all(&*subject.store, &sample).await.unwrap() == sample.bytes, "{size} bytes");
    }
}

pub async fn the_source_file_stays(subject: Subject) {
    let sample = sample(1000, 1);
    put(&*subject.store, &sample).await.unwrap();
    // A source that is emptied or used again must not reach into the store.
    assert_eq!(std::fs::read(sample.file.path()).unwrap(), sample.bytes);
    std::fs::write(sample.file.path(), b"something else").unwrap();
    assert_eq!(read_all(&*subject.store, &sample).await.unwrap(), sample.bytes);
}

pub async fn putting_the_same_bytes_again_is_fine(subject: Subject) {
    let sample = sample(300_000, 2);
    for _ in 0..3 {
        put(&*subject.store, &sample).await.unwrap();
        assert_eq!(read_all(&*subject.store, &sample).await.unwrap(), sample.bytes);
    }
}

/// The ways bytes go wrong: each byte may flip, the end may be missing, something may follow.
fn corruptions(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let flipped = |at: usize| {
        let mut wrong = bytes.to_vec();
        wrong[at] ^= 1;
        (format!("byte {at} flipped"), wrong)
    };
    let last = bytes.len() - 1;
    vec![
        flipped(0),
        flipped(last / 2),
        flipped(last),
        ("one byte cut".into(), bytes[..last].to_vec()),
        ("half of it cut".into(), bytes[..last / 2].to_vec()),
        ("all of it cut".into(), Vec::new()),
        ("one byte more".into(), [bytes, b"!"].concat()),
    ]
}

pub async fn putting_over_a_corrupted_object_repairs_it(subject: Subject) {
    let sample = sample(300_000, 3);
    put(&*subject.store, &sample).await.unwrap();
    for (what, wrong) in corruptions(&sample.bytes) {
        (subject.plant)(sample.key.as_str().to_owned(), wrong).await;
        put(&*subject.store, &sample).await.unwrap();
        assert!(read_all(&*subject.store, &sample).await.as_ref() == Ok(&sample.bytes), "{what}");
    }
}

pub async fn putting_other_bytes_than_the_digest_names_is_refused(subject: Subject) {
    for (what, wrong) in corruptions(&sample(1000, 4).bytes) {
        let sample = sample(1000, 4);
        std::fs::write(sample.file.path(), wrong).unwrap();
        assert!(put(&*subject.store, &sample).await.is_err(), "{what}");
        let (_, end) = read(&*subject.store, &sample, 0..1000).await;
        assert!(end.is_err(), "{what}: {end:?}");
    }
}

pub async fn putting_under_the_key_of_another_digest_is_refused(subject: Subject) {
    let (mut one, other) = (sample(100, 5), sample(100, 6));
    one.key = other.key;
    assert!(matches!(put(&*subject.store, &one).await, Err(BlobError::Internal(_))));
    assert_eq!(subject.store.stat(&one.key).await, Ok(None));
}

pub async fn generations_are_objects_of_their_own(subject: Subject) {
    let (first, mut second) = (sample(5000, 7), sample(5000, 7));
    second.key = BlobKey::module(first.key.sha256(), 1).unwrap();
    put(&*subject.store, &first).await.unwrap();
    put(&*subject.store, &second).await.unwrap();
    subject.store.delete(&first.key).await.unwrap();
    assert_eq!(subject.store.stat(&first.key).await, Ok(None));
    assert_eq!(read_all(&*subject.store, &second).await.unwrap(), second.bytes);
}

pub async fn a_deleted_object_is_gone_and_deleting_it_again_is_fine(subject: Subject) {
    let sample = sample(5000, 8);
    put(&*subject.store, &sample).await.unwrap();
    for _ in 0..2 {
        subject.store.delete(&sample.key).await.unwrap();
        assert_eq!(subject.store.stat(&sample.key).await, Ok(None));
        assert_eq!(read_all(&*subject.store, &sample).await, Err(BlobError::NotFound));
    }
    put(&*subject.store, &sample).await.unwrap();
    assert_eq!(read_all(&*subject.store, &sample).await.unwrap(), sample.bytes);
}

pub async fn a_missing_object_is_not_found(subject: Subject) {
    let sample = sample(10, 9);
    assert_eq!(subject.store.stat(&sample.key).await, Ok(None));
    assert!(matches!(subject.store.open(&sample.key).await, Err(BlobError::NotFound)));
    subject.store.delete(&sample.key).await.unwrap();
}

fn ranges(size: u64) -> Vec<std::ops::Range<u64>> {
    vec![0..size, 0..1, 0..size / 2, size / 3..size / 2, size / 2..size, size - 1..size]
}

pub async fn a_range_comes_exactly(subject: Subject) {
    let sample = sample(700_001, 10);
    put(&*subject.store, &sample).await.unwrap();
    for range in ranges(700_001) {
        let (bytes, end) = read(&*subject.store, &sample, range.clone()).await;
        end.unwrap();
        assert!(bytes == sample.bytes[range.start as usize..range.end as usize], "{range:?}");
    }
    let (bytes, end) = read(&*subject.store, &sample, 700_000..u64::MAX).await;
    assert_eq!((bytes, end), (sample.bytes[700_000..].to_vec(), Ok(())));
    assert_eq!(read(&*subject.store, &sample, 5..5).await, (Vec::new(), Ok(())));
}

pub async fn wrong_bytes_never_make_a_complete_answer(subject: Subject) {
    let sample = sample(700_001, 11);
    put(&*subject.store, &sample).await.unwrap();
    for (what, wrong) in corruptions(&sample.bytes) {
        (subject.plant)(sample.key.as_str().to_owned(), wrong).await;
        for range in ranges(700_001) {
            let (bytes, end) = read(&*subject.store, &sample, range.clone()).await;
            let corrupt =
                matches!(&end, Err(BlobError::Corrupt { sha256, .. }) if *sha256 == sample.key.sha256());
            assert!(corrupt, "{what}, {range:?}: {end:?}");
            assert!((bytes.len() as u64) < range.end - range.start, "{what}, {range:?}: complete");
        }
    }
}

pub async fn puts_of_one_key_at_once_all_succeed(subject: Subject) {
    let sample = sample(MIB, 12);
    let results = stream::iter(0..12).map(|_| put(&*subject.store, &sample)).buffer_unordered(12);
    assert_eq!(results.collect::<Vec<_>>().await, vec![Ok(()); 12]);
    assert!(read_all(&*subject.store, &sample).await.as_ref() == Ok(&sample.bytes));
}

async fn listed(subject: &Subject) -> Vec<Entry> {
    subject.store.list().try_collect().await.unwrap()
}

pub async fn a_listing_is_complete_beyond_one_page(subject: Subject) {
    assert_eq!(listed(&subject).await, []);
    let put_one = sample(77, 13);
    put(&*subject.store, &put_one).await.unwrap();
    let planted =
        (0..subject.many).map(|generation| BlobKey::module(put_one.key.sha256(), 1 + generation as i64));
    let mut expected: BTreeSet<BlobKey> = planted.map(Result::unwrap).collect();
    let plants = expected.iter().map(|key| (subject.plant)(key.as_str().to_owned(), b"x".to_vec()));
    stream::iter(plants).buffer_unordered(16).collect::<Vec<()>>().await;
    expected.insert(put_one.key.clone());

    let entries = listed(&subject).await;
    assert_eq!(entries.len(), expected.len());
    assert!(entries.iter().all(|entry| entry.key.as_ref().is_some_and(|key| key.as_str() == entry.name)));
    let found: BTreeSet<BlobKey> = entries.iter().filter_map(|entry| entry.key.clone()).collect();
    assert!(found == expected);
    let own = entries.iter().find(|entry| entry.key.as_ref() == Some(&put_one.key)).unwrap();
    assert_eq!(own.size, 77);
    let year = Duration::from_secs(365 * 24 * 3600).as_micros() as i64;
    assert!(own.modified_us > 50 * year, "{own:?}");
}

pub async fn names_that_are_not_ours_are_listed_without_a_key(subject: Subject) {
    let Sample { key, .. } = sample(1, 14);
    let strangers = [
        "stray".to_owned(),
        format!("{key}.bak"),
        format!("other/{key}"),
        format!("modules/sha256/{}", key.sha256()),
    ];
    for name in &strangers {
        (subject.plant)(name.clone(), b"abc".to_vec()).await;
    }
    (subject.plant)(key.as_str().to_owned(), b"abc".to_vec()).await;
    let entries = listed(&subject).await;
    for name in &strangers {
        let entry =
            entries.iter().find(|entry| entry.name == *name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!((entry.key.as_ref(), entry.size), (None, 3));
    }
    assert_eq!(entries.len(), strangers.len() + 1);
}

pub async fn a_store_that_works_is_healthy(subject: Subject) {
    subject.store.health().await.unwrap();
    let place = subject.store.describe();
    assert!(!place.is_empty() && !place.to_lowercase().contains("secret"), "{place}");
}
