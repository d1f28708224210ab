//! Tamis as a Remote Provider, seen from the other side: by Meshery Servers of three generations, whose requests
//! were recorded, and by what people do with them.
mod around;
mod bounds;
mod capabilities;
mod cloud;
mod doors;
mod filters;
mod hostile;
mod kept;
mod login;
mod npm;
mod reads;
mod recorded;
mod session;
mod wire;
mod world;
