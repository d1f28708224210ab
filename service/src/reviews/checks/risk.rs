//! Why a request deserves a closer look: addends with words, whose sum orders the queue. People
//! see the addends; the sum alone says nothing.
use super::{
    rules::{former_licence, growth, new_powers},
    subject::Subject,
};
use tamis_entities::value::{Addend, ReviewAction};

/// What a new power weighs, by the id of the capability.
fn weight(capability: &str) -> i64 {
    match capability {
        "http-call" | "grpc-call" | "dns" | "foreign-function" | "sockets" => 4,
        "body-read" | "body-modify" | "timer" | "shared-queue" | "properties-set" => 3,
        "log" | "clock" | "metrics" | "random" | "status" | "configuration" | "runtime" => 1,
        _ => 2,
    }
}

pub fn addends(s: &Subject) -> Vec<Addend> {
    let mut all = vec![];
    let mut add =
        |id: &str, label: String, points: i64| all.push(Addend { id: id.to_owned(), label, points });
    if s.review.action == ReviewAction::Unquarantine {
        add("was-quarantined", "Was quarantined".into(), 4);
    }
    for power in new_powers(s) {
        add(
            &format!("new-capability:{}", power.id),
            format!("New power: {}", power.title),
            weight(&power.id),
        );
    }
    if s.review.first_publication {
        add("new-publisher", "New publisher".into(), 3);
    }
    if let Some(percent) = growth(s) {
        add("size-jump", format!("Grew by {percent} %"), if percent > 40 { 3 } else { 2 });
    }
    if !s.look_alikes.is_empty() {
        add("name", format!("Name like {}", s.look_alikes[0]), 2);
    }
    if former_licence(s).is_some() {
        add("licence-changed", "Licence changed".into(), 1);
    }
    if s.filter.source_repository.is_none() {
        add("no-source", "No source".into(), 1);
    }
    // Without keys in the policy nobody can say.
    if s.signatures.judged && s.signatures.by.is_empty() {
        add("unsigned", "Not signed".into(), 1);
    }
    if s.review.action == ReviewAction::Unpublish { vec![] } else { all }
}
