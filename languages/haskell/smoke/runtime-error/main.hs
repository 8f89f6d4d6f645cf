fail3 :: Int -> Int
fail3 n = error "boom"

main :: IO ()
main = print (fail3 3)
