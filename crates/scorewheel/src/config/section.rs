//! How settings are declared: once, with type, default and documentation.

use super::layers::Layers;
use super::problem::Problem;

/// One setting as it is declared.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Name of its section.
    pub section: &'static str,
    /// Name within the section.
    pub name: &'static str,
    /// What it is, as Markdown; lines as they are written in the source.
    pub documentation: &'static str,
    /// The original's environment variable for it.
    pub original: Option<&'static str>,
    /// What to write.
    pub kind: fn() -> String,
    /// The default in TOML; `None` if there is none.
    pub default: fn() -> Option<String>,
}

impl Setting {
    /// `section.name`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// Our environment variable for it.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}__{}", self.section, self.name).to_uppercase()
    }
}

/// What our environment variables begin with.
pub const PREFIX: &str = "SCOREWHEEL__";

/// A section as it is declared.
#[derive(Clone, Copy)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// What it is about, as Markdown.
    pub documentation: &'static str,
    /// Its settings in order.
    pub settings: &'static [Setting],
}

/// A section's values, read from what was said.
pub trait SectionValues: Sized {
    /// The declaration.
    const SECTION: Section;

    /// Reads the section; what does not fit becomes a problem.
    fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Self;

    /// The values in TOML, in the order of the declaration.
    fn toml(&self) -> Vec<Option<String>>;
}

/// Declares sections: `name: Type { field: type = default, from "ORIGINAL_VARIABLE"; … }`, each documented.
macro_rules! sections {
    ($(
        $(#[doc = $section_doc:literal])+
        $section:ident: $type:ident {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $value:ty = $default:expr $(, from $original:literal)?;
            )+
        }
    )+) => {
        $(
            $(#[doc = $section_doc])+
            #[derive(Clone, Debug, PartialEq)]
            pub struct $type {
                $($(#[doc = $doc])+ pub $field: $value,)+
            }

            impl Default for $type {
                fn default() -> Self {
                    Self { $($field: $default,)+ }
                }
            }

            impl SectionValues for $type {
                const SECTION: Section = Section {
                    name: stringify!($section),
                    documentation: concat!($($section_doc, "\n"),+),
                    settings: &[$(
                        Setting {
                            section: stringify!($section),
                            name: stringify!($field),
                            documentation: concat!($($doc, "\n"),+),
                            original: sections!(@original $($original)?),
                            kind: || <$value as SettingValue>::kind(),
                            default: || {
                                let value: $value = $default;
                                value.toml()
                            },
                        },
                    )+],
                };

                fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Self {
                    let mut settings = Self::SECTION.settings.iter();
                    Self {
                        $($field: match settings.next() {
                            Some(setting) => layers.value(setting, || $default, problems),
                            None => $default,
                        },)+
                    }
                }

                fn toml(&self) -> Vec<Option<String>> {
                    vec![$(self.$field.toml(),)+]
                }
            }
        )+

        /// The whole configuration.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Config {
            $($(#[doc = $section_doc])+ pub $section: $type,)+
            /// The kinds of records, in the order of the file; `wine` is built in and not listed unless it is configured.
            pub data_types: Vec<DataTypeConfig>,
            /// The places from which models by reference may be fetched; none unless they are configured.
            pub references: Vec<ReferenceConfig>,
        }

        /// Every section, in the order of the reference.
        pub const SECTIONS: &[Section] = &[$($type::SECTION),+];

        impl Config {
            /// Reads every section but `[[data_types]]` and `[[references]]`.
            pub(super) fn read(layers: &Layers, problems: &mut Vec<Problem>) -> Self {
                Self { $($section: $type::read(layers, problems),)+ data_types: Vec::new(), references: Vec::new() }
            }

            /// The values of every section in TOML, in the order of [`SECTIONS`].
            #[must_use]
            pub fn toml(&self) -> Vec<Vec<Option<String>>> {
                vec![$(self.$section.toml()),+]
            }
        }
    };
    (@original) => { None };
    (@original $original:literal) => { Some($original) };
}

pub(super) use sections;
