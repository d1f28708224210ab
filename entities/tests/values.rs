//! What the value types take and what they refuse. Beside the crate instead of inside: with these in it, its
//! derived code would be compiled a second time.
use tamis_entities::value::{Day, Invalid, Metadata, Slug, Timestamp, Version, revision};

#[test]
fn days_read_as_they_are_written_and_weeks_begin_on_monday() {
    for (text, day, monday) in [
        ("1970-01-01", 0, "1969-12-29"),
        ("1970-01-05", 4, "1970-01-05"),
        ("2024-02-29", 19_782, "2024-02-26"),
        ("2026-11-22", 20_779, "2026-11-16"),
    ] {
        let read: Day = text.parse().unwrap_or(Day(-1));
        assert_eq!((read.0, read.to_string().as_str()), (day, text));
        assert_eq!(read.monday().to_string(), monday);
    }
    for wrong in ["", "2026-1-31", "2026-02-30", "20260131", "2026-01-31T", "+12026-1-1", "-026-01-01"] {
        assert!(wrong.parse::<Day>().is_err(), "{wrong}");
    }
    assert_eq!(Day::of(Timestamp(-1)), Day(-1));
}

#[test]
fn a_revision_does_not_depend_on_the_order_of_keys_in_a_schema() -> Result<(), serde_json::Error> {
    let with = |json: &str| -> Result<Metadata, serde_json::Error> {
        Ok(Metadata { config_schema: Some(serde_json::from_str(json)?), ..Default::default() })
    };
    let (a, b) = (with(r#"{"a":1,"b":2}"#)?, with(r#"{"b":2,"a":1}"#)?);
    assert_eq!(revision(&a, "s", None), revision(&b, "s", None));
    assert_ne!(revision(&a, "s", None), revision(&a, "t", None));
    assert_ne!(revision(&a, "s", None), revision(&a, "s", Some("data:image/png;base64,AA==")));
    Ok(())
}

#[test]
fn only_the_grammar_parses() {
    for good in ["a", "0", "a-b", "a.b_c-d", "header-guard", &"a".repeat(64)] {
        assert!(good.parse::<Slug>().is_ok(), "{good}");
    }
    for bad in ["", "A", "a--b", "-a", "a-", "a b", "a/b", "..", "ä", "a\0", "a%2fb", &"a".repeat(65)] {
        assert!(bad.parse::<Slug>().is_err(), "{bad}");
    }
}

#[test]
fn look_alikes_share_a_skeleton() -> Result<(), Invalid> {
    let skeleton = |s: &str| s.parse::<Slug>().map(|s| s.skeleton());
    assert_eq!(skeleton("foo-bar")?, skeleton("foo_bar")?);
    assert_eq!(skeleton("l0gin")?, skeleton("login")?);
    assert_ne!(skeleton("login")?, skeleton("logout")?);
    let reserved = |s: &str| s.parse::<Slug>().map(|s| s.is_reserved());
    assert!(reserved("login")? && reserved("l0gin")? && reserved("sign_in")? && reserved("ghost")?);
    assert!(!reserved("log-in")? && !reserved("acme")?);
    Ok(())
}

#[test]
fn only_plain_semver_parses() {
    for good in ["0.1.0", "1.2.3", "2.0.0-rc.1", "18446744073709551615.0.0"] {
        assert!(good.parse::<Version>().is_ok(), "{good}");
    }
    for bad in [
        "",
        "1",
        "1.2",
        "v1.2.3",
        "1.2.3+b",
        "01.2.3",
        "18446744073709551616.0.0",
        "1.2.3-",
        "1.2.3 ",
        "latest",
    ] {
        assert!(bad.parse::<Version>().is_err(), "{bad}");
    }
    assert!(format!("1.2.3-{}", "a".repeat(64)).parse::<Version>().is_err());
}
