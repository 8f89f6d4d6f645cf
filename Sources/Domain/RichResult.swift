/// One thing that a program shows, in one or several forms; the guest's word, bounded.
package struct RichResult: Hashable, Sendable {
    package struct Form: Hashable, Sendable {
        /// A media type.
        package var type: String
        /// A JSON value: a string for text and, in base 64, for pictures.
        package var json: [UInt8]

        package init(type: String, json: [UInt8]) {
            self.type = type
            self.json = json
        }
    }

    package var forms: [Form]

    package init(forms: [Form]) { self.forms = forms }
}
