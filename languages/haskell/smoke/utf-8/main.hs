main :: IO ()
main = getLine >>= \text -> putStrLn (text ++ " ↔ 硅藻 🦠")
