print("before")
let text = CommandLine.arguments.count > 5 ? "1" : "one"
let number: Int? = Int(text)
print(number!)
