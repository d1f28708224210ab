//! The HTTP edge: routes, errors as problems, pages of lists, request bodies, middleware,
//! the OpenAPI document. Slices own their handlers; nothing here knows a business rule.
pub mod body;
pub mod client;
pub mod codes;
pub mod conditional;
pub mod document;
pub mod health;
pub mod idempotency;
pub mod limits;
pub mod many;
pub mod middleware;
pub mod page;
pub mod problem;
pub mod route;
pub mod routes;
