//! The shape of what changed. Plain data.

use serde::Serialize;

use crate::Capability;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ModuleChanges {
    pub size: SizeChange,
    pub functions: FunctionChange,
    pub abi_version: TextChange,
    /// A guess of what built each.
    pub toolchain: TextChange,
    pub capabilities: CapabilityChanges,
    pub imports: ImportChanges,
    pub exports: ExportChanges,
    pub sections: SectionChanges,
    /// Readable texts of the data segments.
    pub strings: TextChanges,
    /// The URLs among them.
    pub urls: TextChanges,
}

/// Bytes of the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SizeChange {
    pub old: u64,
    pub new: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TextChange {
    pub old: Option<String>,
    pub new: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FunctionFacts {
    /// Functions of its own, without imported ones.
    pub count: u32,
    pub code_bytes: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct FunctionChange {
    pub old: FunctionFacts,
    pub new: FunctionFacts,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CapabilityChanges {
    /// New powers.
    pub added: Vec<Capability>,
    pub removed: Vec<Capability>,
    /// The same power through other imports.
    pub changed: Vec<CapabilityChange>,
    pub unchanged: Vec<Capability>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CapabilityChange {
    pub id: String,
    pub title: String,
    pub imports_added: Vec<String>,
    pub imports_removed: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportChanges {
    pub added: Vec<ImportName>,
    pub removed: Vec<ImportName>,
    pub changed: Vec<ImportChange>,
    /// The first of them.
    pub unchanged: Vec<ImportName>,
    /// Differences that these lists leave out to stay readable.
    pub left_out: u64,
    /// A module has more of them than its report lists, so there may be other differences.
    pub cut: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportName {
    pub module: String,
    pub name: String,
    /// Kind and type, as in the report: `func (i32, i32) -> i32`.
    pub what: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ImportChange {
    pub module: String,
    pub name: String,
    pub old: String,
    pub new: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ExportChanges {
    pub added: Vec<ExportName>,
    pub removed: Vec<ExportName>,
    pub changed: Vec<ExportChange>,
    /// The first of them.
    pub unchanged: Vec<ExportName>,
    /// Differences that these lists leave out to stay readable.
    pub left_out: u64,
    /// A module has more of them than its report lists, so there may be other differences.
    pub cut: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ExportName {
    pub name: String,
    pub what: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ExportChange {
    pub name: String,
    pub old: String,
    pub new: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SectionChanges {
    pub items: Vec<SectionChange>,
    /// Differences that these lists leave out to stay readable.
    pub left_out: u64,
    /// A module has more of them than its report lists, so there may be other differences.
    pub cut: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SectionChange {
    pub name: String,
    pub custom: bool,
    /// Bytes; null where the module has no such section.
    pub old: Option<u64>,
    pub new: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TextChanges {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// How many both have.
    pub unchanged: u64,
    /// Differences that these lists leave out to stay readable.
    pub left_out: u64,
    /// A module has more texts than are kept; those that were left out are not compared.
    pub cut: bool,
}
