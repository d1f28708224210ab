//! The grammar of names: a key is digest and generation in one spelling, and never leaves its root.

use proptest::prelude::*;
use tamis_blobs::BlobKey;

const HEX: &str = "ab0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd";

#[test]
fn a_key_reads_as_it_is_written() {
    let key = BlobKey::module(HEX, 7).unwrap();
    assert_eq!(key.as_str(), format!("modules/sha256/ab/{HEX}.7"));
    assert_eq!((key.sha256(), key.generation()), (HEX, 7));
    assert_eq!(BlobKey::parse(key.as_str()), Some(key));
}

#[test]
fn only_a_digest_in_lower_case_and_a_count_make_a_key() {
    let upper = HEX.to_uppercase();
    for digest in
        ["", "ab", &HEX[1..], &upper, &format!("{HEX}0"), &HEX.replace("ab", "é"), &HEX.replace("ab", "..")]
    {
        assert!(BlobKey::module(digest, 0).is_err(), "{digest}");
    }
    assert!(BlobKey::module(HEX, -1).is_err());
    assert!(BlobKey::module(HEX, i64::MAX).is_ok());
}

#[test]
fn a_name_that_no_key_has_is_not_parsed() {
    let wrong = [
        String::new(),
        "modules/sha256/".into(),
        format!("modules/sha256/ac/{HEX}.0"),
        format!("modules/sha256/ab/{HEX}"),
        format!("modules/sha256/ab/{HEX}."),
        format!("modules/sha256/ab/{HEX}.01"),
        format!("modules/sha256/ab/{HEX}.+1"),
        format!("modules/sha256/ab/{HEX}.-1"),
        format!("modules/sha256/ab/{HEX}.0.1"),
        format!("modules/sha256/ab/{HEX}.0/"),
        format!("modules/sha256/ab/../ab/{HEX}.0"),
        format!("/modules/sha256/ab/{HEX}.0"),
        format!("modules/sha256/ab/{HEX}.99999999999999999999"),
    ];
    for name in wrong {
        assert_eq!(BlobKey::parse(&name), None, "{name}");
    }
}

proptest! {
    #[test]
    fn whatever_is_parsed_is_exactly_what_is_written(name in "(modules/sha256/)?[ab./0-9]{0,3}/?[0-9a-f./]{0,70}\\.?[0-9]{0,3}") {
        if let Some(key) = BlobKey::parse(&name) {
            prop_assert_eq!(key.as_str(), name);
            prop_assert!(!key.as_str().contains(".."));
        }
    }

    #[test]
    fn no_text_makes_a_key_that_leaves_the_root(text in ".{0,80}", generation in any::<i64>()) {
        if let Ok(key) = BlobKey::module(&text, generation) {
            prop_assert!(text.len() == 64 && key.as_str().starts_with("modules/sha256/"));
        }
    }
}
