//! The keys with which Meshery's user interface switches on what somebody may do: its own ids, given by the
//! roles that people really have here.
use super::wire::both;
use serde_json::{Value, json};
use tamis_entities::value::Role;

/// Id, function, and who has it. The ids are those of Meshery's own table of permissions.
const KEYS: [(&str, &str, Role); 13] = [
    ("df41c45f-7c73-49c2-a055-0584fdcec1c1", "View Filters", Role::User),
    ("cb79d7fb-19de-45fa-aaf5-0a0afc832bf8", "Import Filter", Role::User),
    ("173d99b7-3820-4c0c-88b2-a8455bd7a6b5", "Publish WASM Filter", Role::User),
    ("773f0a4d-ba04-40ed-9298-59ac8749804a", "Unpublish WASM Filter", Role::User),
    ("24325b2c-5e08-4ba8-809f-8a4a1bf91084", "Download a WASM filter", Role::User),
    ("86c457b5-b9ec-4223-af1f-30a5be67d69d", "Details of WASM Filter", Role::User),
    ("88cd144e-806e-472a-a31a-ef6d64643291", "Edit WASM filter", Role::User),
    ("c84718ca-7479-4ad9-a2b7-a5784baa51fb", "Clone WASM Filter", Role::User),
    ("9225d5a7-7255-49be-9233-daeabefae306", "Delete WASM Filter", Role::User),
    ("0cd05106-36b6-4393-a08e-4222fc10c8de", "View Catalog", Role::User),
    ("30b68d69-d199-48fd-b4ff-54b5282c5c03", "View Catalog Requests", Role::User),
    ("66fbc8c0-b08a-494b-8c60-68ee1b607176", "Approve Catalog Request", Role::Curator),
    ("b9137717-a20a-44e8-a2f9-94dc3d1a6dcb", "Deny Catalog Request", Role::Curator),
];

pub fn keys(role: Role) -> Vec<Value> {
    let open = KEYS.iter().filter(|(_, _, least)| role >= *least);
    let key = |(id, function, _): &(&str, &str, Role)| {
        let subcategory = if function.contains("Catalog") { "Catalog" } else { "Filters" };
        both(
            json!({"id": id, "owner": "", "function": function, "category": "Configuration", "subcategory": subcategory,
            "description": function, "created_at": "1970-01-01T00:00:00Z", "updated_at": "1970-01-01T00:00:00Z"}),
        )
    };
    open.map(key).collect()
}
