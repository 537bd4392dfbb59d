// Which learners were trained, newest first?
// params: limit
MATCH (l:Learner)
RETURN l.id AS id, l.kind AS kind, l.modality AS modality, l.method AS method,
       l.trained AS trained, l.default AS default, l.metrics AS metrics
ORDER BY trained DESC
LIMIT $limit
