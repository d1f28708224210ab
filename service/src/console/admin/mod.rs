//! How the instance is and what holds in it: health and the audit log for administrators, the policy for
//! everyone signed in, its people, and the Meshery Servers that they log in from. But for those two it looks and
//! changes nothing.
pub mod audit;
pub mod health;
pub mod http;
pub mod meshery;
pub mod metrics;
pub mod people;
pub mod policy;

use crate::auth::Identity;
use utoipa_actix_web::service_config::ServiceConfig;

pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(http::show_audit)
        .service(http::show_policy)
        .service(http::show_health)
        .service(http::show_meshery)
        .service(http::change_meshery_server)
        .service(http::show_people)
        .service(http::add_person)
        .service(http::change_person);
}

/// The pages of the place: name, path, and whether only administrators see it.
const PLACES: [(&str, &str, bool); 5] = [
    ("Health", "/admin/health", true),
    ("People", "/admin/people", true),
    ("Audit", "/admin/audit", true),
    ("Policy", "/admin/policy", false),
    ("Meshery", "/admin/meshery", true),
];

/// A link above each page: path, name, whether it is this one.
pub type Place = (&'static str, &'static str, bool);

pub fn places(who: &Identity, here: &str) -> Vec<Place> {
    let open = PLACES.iter().filter(|(_, _, admins)| !admins || who.administers());
    open.map(|(name, path, _)| (*path, *name, *name == here)).collect()
}

/// A part of a whole, as a bar in a row of bars.
pub struct Share {
    pub look: &'static str,
    pub label: String,
    pub n: i64,
    /// Per cent from the start, and wide.
    pub x: f64,
    pub width: f64,
}

/// The shares of these, those that are none left out.
pub fn shares(parts: impl IntoIterator<Item = (&'static str, String, i64)>) -> Vec<Share> {
    let parts: Vec<_> = parts.into_iter().filter(|(_, _, n)| *n > 0).collect();
    let all = parts.iter().map(|(_, _, n)| *n).sum::<i64>().max(1) as f64;
    let mut x = 0.0;
    let mut share = |(look, label, n): (&'static str, String, i64)| {
        let width = n as f64 * 100.0 / all;
        let share = Share { look, label, n, x: rounded(x), width: rounded(width) };
        x += width;
        share
    };
    parts.into_iter().map(&mut share).collect()
}

fn rounded(per_cent: f64) -> f64 {
    (per_cent * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_each_other_and_fill_the_whole() {
        let shares = shares([("pass", "a".to_owned(), 1), ("", "b".into(), 0), ("warn", "c".into(), 3)]);
        let told: Vec<_> = shares.iter().map(|s| (s.label.as_str(), s.n, s.x, s.width)).collect();
        assert_eq!(told, [("a", 1, 0.0, 25.0), ("c", 3, 25.0, 75.0)]);
    }
}
