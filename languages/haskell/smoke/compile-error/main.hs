main :: IO ()
main = do
  print missing
