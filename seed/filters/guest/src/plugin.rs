//! Root contexts: they hold the checked configuration and open one context for
//! each stream. Filters implement one of the two traits and nothing else.

use crate::settings::configured;
use proxy_wasm::traits::{Context, HttpContext, RootContext, StreamContext};
use proxy_wasm::types::ContextType;
use serde::de::DeserializeOwned;
use std::rc::Rc;

/// An HTTP filter: its configuration as written, as checked, and a context for each stream.
pub trait HttpPlugin: Sized + 'static {
    const NAME: &'static str;
    type Settings: DeserializeOwned;

    fn check(settings: Self::Settings) -> Result<Self, String>;
    fn open(self: Rc<Self>) -> Box<dyn HttpContext>;
}

/// A network filter, likewise.
pub trait StreamPlugin: Sized + 'static {
    const NAME: &'static str;
    type Settings: DeserializeOwned;

    fn check(settings: Self::Settings) -> Result<Self, String>;
    fn open(self: Rc<Self>) -> Box<dyn StreamContext>;
}

macro_rules! root {
    ($root:ident, $plugin:ident, $kind:expr, $create:ident, $context:ident) => {
        pub struct $root<P>(Option<Rc<P>>);

        impl<P> Default for $root<P> {
            fn default() -> Self {
                Self(None)
            }
        }

        impl<P: $plugin> Context for $root<P> {}

        impl<P: $plugin> RootContext for $root<P> {
            fn on_configure(&mut self, _size: usize) -> bool {
                self.0 = configured(P::NAME, P::check).map(Rc::new);
                self.0.is_some()
            }

            fn $create(&self, _id: u32) -> Option<Box<dyn $context>> {
                self.0.clone().map(P::open)
            }

            fn get_type(&self) -> Option<ContextType> {
                Some($kind)
            }
        }
    };
}

root!(HttpRoot, HttpPlugin, ContextType::HttpContext, create_http_context, HttpContext);
root!(StreamRoot, StreamPlugin, ContextType::StreamContext, create_stream_context, StreamContext);
