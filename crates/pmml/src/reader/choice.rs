//! Enumerations of the schema.

/// A closed list of the schema: one of a few words.
pub trait Choice: Copy + 'static {
    /// Every member with its word.
    const ALL: &'static [(&'static str, Self)];

    /// The member that is written `word`.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == word).map(|(_, member)| *member)
    }

    /// How it is written.
    fn word(self) -> &'static str
    where
        Self: PartialEq,
    {
        Self::ALL.iter().find(|(_, member)| *member == self).map_or("", |(word, _)| word)
    }
}

/// Declares an enumeration of the schema with its words.
macro_rules! closed_list {
    ($(#[$docs:meta])* $visibility:vis enum $name:ident { $($(#[$member_docs:meta])* $member:ident = $word:literal,)+ }) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        $visibility enum $name {
            $($(#[$member_docs])* #[doc = concat!("`", $word, "`")] $member,)+
        }

        impl $crate::reader::Choice for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, Self::$member),)+];
        }
    };
}
