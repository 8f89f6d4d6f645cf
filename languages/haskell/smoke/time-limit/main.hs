main :: IO ()
main = loop 0
  where
    loop :: Integer -> IO ()
    loop n = if n < 0 then pure () else loop (n + 1)
