//! Reads the form of an upload. What says where the module goes comes before the module: the right to write
//! there is checked before a byte of it is kept.
use super::upload::Typed;
use crate::{
    auth::{Caller, UploadTarget, access},
    error::{Error, Result},
    filters::change::{MetadataChange, Patch},
    modules::spool::{self, Spooled},
    sign_in::browser,
    state::State,
};
use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use futures_util::StreamExt;
use tamis_entities::value::{PluginType, Slug, Version};

const MOST_PARTS: usize = 12;
const MOST_TEXT: usize = 4096;

pub struct Received {
    pub target: UploadTarget,
    pub version: Version,
    pub module: Spooled,
    pub change: MetadataChange,
}

#[derive(Default)]
pub struct Reading {
    pub typed: Typed,
    form: String,
    plugin_type: String,
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(field: &str, text: &str) -> Result<T> {
    text.trim().parse().map_err(|e: T::Err| Error::invalid(field, e.to_string()))
}

impl Reading {
    fn place(&mut self, name: &str) -> Option<&mut String> {
        match name {
            "form" => Some(&mut self.form),
            "namespace" => Some(&mut self.typed.namespace),
            "filter" => Some(&mut self.typed.filter),
            "version" => Some(&mut self.typed.version),
            "type" => Some(&mut self.plugin_type),
            _ => None,
        }
    }

    /// What was typed is kept in `self`, whatever goes wrong after.
    pub async fn read(
        &mut self,
        state: &State,
        request: &HttpRequest,
        caller: &Caller,
        mut form: Multipart,
    ) -> Result<Received> {
        for _ in 0..MOST_PARTS {
            let Some(field) = form.next().await else { break };
            let mut field =
                field.map_err(|e| Error::invalid("body", format!("not a form that can be read: {e}")))?;
            let name = field.name().unwrap_or_default().to_owned();
            if let Some(place) = self.place(&name) {
                *place = text(&mut field, &name).await?;
            } else if name == "module" {
                return self.module(state, request, caller, field).await;
            } else {
                return Err(Error::invalid("body", "a field of the form is unknown"));
            }
        }
        Err(Error::invalid("module", "choose a wasm file"))
    }

    async fn module(
        &self,
        state: &State,
        request: &HttpRequest,
        caller: &Caller,
        mut field: Field,
    ) -> Result<Received> {
        browser::check_own_form(state, request, &self.form)?;
        let namespace: Slug = parsed("namespace", &self.typed.namespace)?;
        let filter: Slug = parsed("filter", &self.typed.filter)?;
        let version = parsed("version", &self.typed.version)?;
        let plugin_type = match self.plugin_type.as_str() {
            "" => Patch::default(),
            text => Patch::Set(parsed::<PluginType>("type", text)?),
        };
        let target = access::target(state, caller.clone(), &namespace, &filter).await?;
        let module = spool::receive_as(state, &mut field, "module").await?;
        let change = MetadataChange { plugin_type, ..Default::default() };
        Ok(Received { target, version, module, change })
    }
}

async fn text(field: &mut Field, name: &str) -> Result<String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        let chunk = chunk.map_err(|e| Error::invalid("body", e.to_string()))?;
        if bytes.len() + chunk.len() > MOST_TEXT {
            return Err(Error::invalid(name, "at most 4 KiB"));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Error::invalid(name, "text is UTF-8"))
}
