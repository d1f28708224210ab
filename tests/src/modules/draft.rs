//! A module as text, in pieces that can be replaced one at a time.

use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Draft {
    pub marker: String,
    pub imports: String,
    pub memory: String,
    /// Exported functions by name, as text.
    pub functions: BTreeMap<String, String>,
    pub more: String,
}

impl Draft {
    #[must_use]
    pub fn good() -> Self {
        let mut draft = Self {
            marker: marker("0_2_1"),
            imports: String::new(),
            memory: "(memory (export \"memory\") 1 100)".to_owned(),
            functions: BTreeMap::new(),
            more: String::new(),
        };
        draft.export("proxy_on_memory_allocate", "i>i");
        draft.export("proxy_on_context_create", "ii>");
        draft.export("proxy_on_vm_start", "ii>i");
        draft.export("proxy_on_configure", "ii>i");
        draft.export("proxy_on_request_headers", "iii>i");
        draft
    }

    /// The same for another ABI version, `0_1_0` and so on.
    #[must_use]
    pub fn of(version: &str) -> Self {
        let mut draft = Self::good();
        draft.marker = marker(version);
        if version == "0_1_0" {
            draft.export("proxy_on_request_headers", "ii>i");
        }
        draft
    }

    pub fn export(&mut self, name: &str, ty: &str) {
        self.functions.insert(name.to_owned(), function(name, ty));
    }

    pub fn import(&mut self, module: &str, name: &str, ty: &str) {
        self.imports += &format!("(import \"{module}\" \"{name}\" (func {}))", header(ty));
    }

    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// # Panics
    /// If the pieces do not make a module: a mistake of the test.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let functions: String = self.functions.values().map(String::as_str).collect();
        let text =
            format!("(module {} {} {} {} {})", self.imports, self.memory, self.marker, functions, self.more);
        let bytes = wat::parse_str(&text);
        assert!(bytes.is_ok(), "{bytes:?}\n{}", &text[..text.len().min(4000)]);
        bytes.unwrap_or_default()
    }
}

#[must_use]
pub fn marker(version: &str) -> String {
    format!("(func (export \"proxy_abi_version_{version}\"))")
}

/// `iI>i` as `(param i32 i64) (result i32)`.
#[must_use]
pub fn header(ty: &str) -> String {
    let (params, results) = ty.split_once('>').unwrap_or((ty, ""));
    let list = |word: &str, letters: &str| {
        if letters.is_empty() { String::new() } else { format!("({word}{})", values(letters)) }
    };
    format!("{}{}", list("param", params), list("result", results))
}

fn values(letters: &str) -> String {
    letters.chars().map(|letter| format!(" {}", value(letter))).collect()
}

fn value(letter: char) -> &'static str {
    match letter {
        'I' => "i64",
        'f' => "f32",
        'F' => "f64",
        _ => "i32",
    }
}

/// An exported function that gives ones.
#[must_use]
pub fn function(name: &str, ty: &str) -> String {
    let (_, results) = ty.split_once('>').unwrap_or((ty, ""));
    let body: String = results.chars().map(|letter| format!(" {}.const 1", value(letter))).collect();
    format!("(func (export \"{name}\") {}{body})", header(ty))
}
