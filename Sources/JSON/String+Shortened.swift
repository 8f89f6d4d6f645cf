extension String {
    /// This text for a message: cut to a number of characters, control characters and lookalikes of
    /// line ends as `?`.
    package func shortened(to count: Int) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(count) {
            let shown =
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
                default: true
                }
            scalars.append(shown ? scalar : "?")
        }
        return String(scalars) + (unicodeScalars.dropFirst(count).isEmpty ? "" : "…")
    }
}
