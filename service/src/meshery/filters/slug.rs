//! The name of a filter in Tamis, made once from the name that Meshery gave it.
use crate::{error::Result, state::State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tamis_entities::{filter, former_filter, value::Slug};
use uuid::Uuid;

/// As near to the name as the grammar of names allows.
fn base(name: &str) -> String {
    let stem = name.trim().trim_end_matches(".wasm").trim_end_matches(".WASM");
    let mut slug = String::new();
    for c in stem.chars().map(|c| c.to_ascii_lowercase()) {
        let plain = c.is_ascii_lowercase() || c.is_ascii_digit();
        // One separator between two words, whatever stood there.
        match (plain, slug.ends_with(['-', '.', '_'])) {
            (true, _) => slug.push(c),
            (false, false) if !slug.is_empty() => slug.push(if matches!(c, '.' | '_') { c } else { '-' }),
            _ => {}
        }
    }
    slug.truncate(56);
    let slug = slug.trim_end_matches(['-', '.', '_']);
    if slug.is_empty() { "filter".to_owned() } else { slug.to_owned() }
}

fn with_number(base: &str, n: u32) -> Option<Slug> {
    match n {
        1 => base.parse().ok(),
        n => format!("{base}-{n}").parse().ok(),
    }
    .filter(|slug: &Slug| !slug.is_reserved())
}

/// A name that nothing in the namespace has, had, or would be taken for.
pub async fn free(state: &State, namespace: Uuid, name: &str) -> Result<Slug> {
    let base = base(name);
    let mut first = 1;
    loop {
        let some: Vec<Slug> = (first..first + 20).filter_map(|n| with_number(&base, n)).collect();
        first += 20;
        let skeletons: Vec<_> = some.iter().map(Slug::skeleton).collect();
        let here = filter::Entity::find().filter(filter::Column::NamespaceId.eq(namespace));
        let here = here.filter(filter::Column::Skeleton.is_in(skeletons.clone())).all(&*state.db).await?;
        let left = former_filter::Entity::find().filter(former_filter::Column::NamespaceId.eq(namespace));
        let left = left.filter(former_filter::Column::Skeleton.is_in(skeletons)).all(&*state.db).await?;
        let taken =
            |s: &String| here.iter().any(|f| f.skeleton == *s) || left.iter().any(|f| f.skeleton == *s);
        if let Some(slug) = some.into_iter().find(|slug| !taken(&slug.skeleton())) {
            return Ok(slug);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_makes_a_slug() {
        for (name, slug) in [
            ("basic-auth.wasm", "basic-auth"),
            ("My Filter (2)", "my-filter-2"),
            ("a__b..c", "a_b.c"),
            ("Ünïcödé", "n-c-d"),
            ("...", "filter"),
            ("", "filter"),
            ("漢字", "filter"),
        ] {
            assert_eq!(base(name), slug);
            assert!(base(name).parse::<Slug>().is_ok());
        }
        let long = base(&"x-".repeat(100));
        assert!(with_number(&long, 99_999).is_some(), "{long}");
        assert_eq!(with_number("catalog", 1), None);
        assert!(with_number("catalog", 2).is_some());
    }
}
