//! Teams and what they own: names that change, invitations, filters that change hands, and
//! who reaches what.
mod invitations;
mod names;
mod reach;
mod transfers;

use serde_json::Value;
use tamis_e2e::client::Reply;

fn id(reply: Reply) -> String {
    reply.expect(201).json()["id"].as_str().unwrap().to_owned()
}

fn items(reply: Reply) -> Vec<Value> {
    reply.expect(200).json()["items"].as_array().unwrap().clone()
}
